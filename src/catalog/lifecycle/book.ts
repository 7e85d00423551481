import type { Sql } from 'postgres';
import type { ModelsConfig } from '../../config/config.ts';
import {
  NO_LIFECYCLE,
  standingOf,
  type Lifecycle,
  type ModelAlias,
  type Standing,
} from '../../domain/lifecycle.ts';
import type { Model } from '../../domain/model.ts';
import type { Relay } from '../../events/relay.ts';
import { createReloadQueue } from '../../lib/reload-queue.ts';
import { readOwnNames, type OwnNames } from './rows.ts';

/**
 * Which names lead to which models, and which models come to their end: by the config, and by what organisations have
 * said, which goes before it. All of it in memory: no request waits for the database.
 */
export interface ModelBook {
  /** The model that a name leads to by an alias; undefined for what is no alias. */
  findAlias(organisationId: string, name: string): string | undefined;
  /** By name. */
  listAliases(organisationId: string): ModelAlias[];
  /**
   * The model that is to be called for a name: the one that its alias leads to, and where that has ended and is to be
   * replaced, the one in its place. Any other name is answered as it is.
   */
  nameNow(organisationId: string, name: string, at: Date): string;
  standingOf(model: Pick<Model, 'name' | 'deprecated'>, organisationId: string, at: Date): Standing;
  /** Those of which something is known. */
  listLifecycles(organisationId: string): ReadonlyMap<string, Lifecycle>;
  /** Reads those of one organisation anew. Never fails: what cannot be read now is read as soon as it can be. */
  reload(organisationId: string): Promise<void>;
  /** Calls the listener whenever those of an organisation have been read anew. */
  listen(listener: (organisationId: string) => void): void;
  close(): Promise<void>;
}

/** A model in the place of another may itself be replaced, so often. */
const REPLACED_MAX = 5;
const NONE: OwnNames = { aliases: new Map(), lifecycles: new Map() };

/**
 * @param options.relay tells what was changed, on any instance.
 * @throws Error when the database cannot be read.
 */
export async function openModelBook(
  sql: Sql,
  options: { config: ModelsConfig; relay: Pick<Relay, 'listen'>; onError: (error: unknown) => void },
): Promise<ModelBook> {
  const { config } = options;
  const general: OwnNames = {
    aliases: new Map(Object.entries(config.aliases)),
    lifecycles: new Map(Object.entries(config.lifecycles)),
  };
  let own = new Map<string, OwnNames>();
  const listeners = new Set<(organisationId: string) => void>();

  async function readOne(organisationId: string): Promise<void> {
    const found = (await readOwnNames(sql, organisationId)).get(organisationId);
    if (found) own.set(organisationId, found);
    else own.delete(organisationId);
    for (const listener of listeners) listener(organisationId);
  }

  const first = readOwnNames(sql).then((all) => void (own = all));
  const reloads = createReloadQueue(first, readOne, options.onError);
  // Heard from before the first read is over, so that nothing falls between the two.
  const stopListening = options.relay.listen(({ kind, organisationId }) => {
    if (kind === 'MODELS_CHANGED') void reloads.add(organisationId);
  });
  await first.catch((error: unknown) => {
    stopListening();
    throw error;
  });
  return {
    ...reader((organisationId) => own.get(organisationId) ?? NONE, general),
    reload: (organisationId) => reloads.add(organisationId),
    listen: (listener) => void listeners.add(listener),
    close() {
      stopListening();
      return reloads.close();
    },
  };
}

function reader(
  ownOf: (organisationId: string) => OwnNames,
  general: OwnNames,
): Pick<ModelBook, 'findAlias' | 'listAliases' | 'nameNow' | 'standingOf' | 'listLifecycles'> {
  const findAlias = (organisationId: string, name: string) =>
    ownOf(organisationId).aliases.get(name) ?? general.aliases.get(name);
  const findLifecycle = (organisationId: string, model: string) =>
    ownOf(organisationId).lifecycles.get(model) ?? general.lifecycles.get(model);
  return {
    findAlias,
    listAliases(organisationId) {
      const { aliases } = ownOf(organisationId);
      return [...new Map([...general.aliases, ...aliases])]
        .map(([alias, model]) => ({ alias, model, isOwn: aliases.has(alias) }))
        .toSorted((a, b) => (a.alias < b.alias ? -1 : 1));
    },
    nameNow(organisationId, asked, at) {
      let name = findAlias(organisationId, asked) ?? asked;
      for (let times = 0; times < REPLACED_MAX; times += 1) {
        const next = replacementAt(findLifecycle(organisationId, name), at);
        if (next === undefined) break;
        name = next;
      }
      return name;
    },
    standingOf: ({ name, deprecated }, organisationId, at) =>
      standingOf(name, findLifecycle(organisationId, name) ?? NO_LIFECYCLE, deprecated, at),
    listLifecycles: (organisationId) => new Map([...general.lifecycles, ...ownOf(organisationId).lifecycles]),
  };
}

function replacementAt(lifecycle: Lifecycle | undefined, at: Date): string | undefined {
  if (lifecycle?.afterSunset !== 'REPLACE' || lifecycle.sunsetAt === undefined) return undefined;
  return lifecycle.sunsetAt <= at ? lifecycle.replacement : undefined;
}
