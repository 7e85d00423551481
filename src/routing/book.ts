import type { Sql } from 'postgres';
import type { Route } from '../domain/route.ts';
import type { Relay } from '../events/relay.ts';
import { createReloadQueue } from '../lib/reload-queue.ts';
import { readRoutes } from './rows.ts';

/**
 * Every route there is, in memory: no request waits for the database. A route that was found never changes; another
 * version is another object, so whoever began with one keeps it.
 */
export interface RouteBook {
  find(organisationId: string, name: string): Route | undefined;
  findById(organisationId: string, id: string): Route | undefined;
  /** By name. */
  list(organisationId: string): readonly Route[];
  /** Those whose models are probed, of all organisations. */
  listProbed(): readonly Route[];
  /** Reads those of one organisation anew. Never fails: what cannot be read now is read as soon as it can be. */
  reload(organisationId: string): Promise<void>;
  close(): Promise<void>;
}

type ByName = ReadonlyMap<string, Route>;
const NONE: ByName = new Map();

/**
 * @param options.relay tells what was changed, on any instance.
 * @throws Error when the database cannot be read.
 */
export async function openRouteBook(
  sql: Sql,
  options: { relay: Pick<Relay, 'listen'>; onError: (error: unknown) => void },
): Promise<RouteBook> {
  const byOrganisation = new Map<string, ByName>();

  async function readAll(): Promise<void> {
    for (const [id, ofOne] of Map.groupBy(await readLiving(sql), (route) => route.organisationId))
      byOrganisation.set(id, byName(ofOne));
  }

  async function readOne(organisationId: string): Promise<void> {
    const ofOne = await readLiving(sql, organisationId);
    if (ofOne.length === 0) byOrganisation.delete(organisationId);
    else byOrganisation.set(organisationId, byName(ofOne));
  }

  const first = readAll();
  const reloads = createReloadQueue(first, readOne, options.onError);
  // Heard from before the first read is over, so that nothing falls between the two.
  const stopListening = options.relay.listen(({ kind, organisationId }) => {
    if (kind === 'ROUTE_CHANGED' || kind === 'TRIAL_CHANGED') void reloads.add(organisationId);
  });
  await first.catch((error: unknown) => {
    stopListening();
    throw error;
  });
  const listAll = () => [...byOrganisation.values()].flatMap((ofOne) => [...ofOne.values()]);
  const routesOf = (organisationId: string) => byOrganisation.get(organisationId) ?? NONE;
  return {
    find: (organisationId, name) => routesOf(organisationId).get(name),
    findById: (organisationId, id) =>
      routesOf(organisationId)
        .values()
        .find((route) => route.id === id),
    list: (organisationId) => [...routesOf(organisationId).values()],
    listProbed: () => listAll().filter(({ probeSeconds }) => probeSeconds !== undefined),
    reload: (organisationId) => reloads.add(organisationId),
    close() {
      stopListening();
      return reloads.close();
    },
  };
}

async function readLiving(sql: Sql, organisationId?: string): Promise<Route[]> {
  return (await readRoutes(sql, organisationId)).filter(({ isDeleted }) => !isDeleted);
}

function byName(routes: readonly Route[]): ByName {
  return new Map(routes.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map((route) => [route.name, route]));
}
