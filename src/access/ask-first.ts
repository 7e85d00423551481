import type { ISql } from 'postgres';
import type { Sql } from '../db/database.ts';
import { Conflict, NotFound } from '../domain/errors.ts';
import type { Origin } from '../domain/origin.ts';
import type { Principal } from '../domain/principal.ts';
import { isRouteName } from '../domain/route.ts';
import { appendEvent } from '../events/outbox.ts';
import type { Relay } from '../events/relay.ts';
import { createReloadQueue } from '../lib/reload-queue.ts';
import { record } from './record.ts';

/** The models and routes that organisations let nobody use without a grant, in memory: no request waits for them. */
export interface AskFirst {
  has(organisationId: string, name: string): boolean;
  /** Reads those of one organisation anew. Never fails: what cannot be read now is read as soon as it can be. */
  reload(organisationId: string): Promise<void>;
  /** Calls the listener whenever those of an organisation have been read anew. */
  listen(listener: (organisationId: string) => void): void;
  close(): Promise<void>;
}

/** All of them are kept in memory, so there is a limit to them. */
const OF_ORGANISATION_MAX = 1_000;

/**
 * @param options.relay tells what other instances have changed.
 * @throws Error when the database cannot be read.
 */
export async function openAskFirst(
  sql: Sql,
  options: { relay: Pick<Relay, 'listen'>; onError: (error: unknown) => void },
): Promise<AskFirst> {
  const names = new Map<string, ReadonlySet<string>>();
  const listeners = new Set<(organisationId: string) => void>();

  async function readAll(): Promise<void> {
    const rows = await sql<Row[]>`SELECT organisation_id, name FROM ask_first`;
    for (const [id, ofOne] of Map.groupBy(rows, (row) => row.organisation_id)) names.set(id, toNames(ofOne));
  }

  async function readOne(organisationId: string): Promise<void> {
    const rows = await sql<Row[]>`
      SELECT organisation_id, name FROM ask_first WHERE organisation_id = ${organisationId}`;
    if (rows.length === 0) names.delete(organisationId);
    else names.set(organisationId, toNames(rows));
    for (const listener of listeners) listener(organisationId);
  }

  const first = readAll();
  const reloads = createReloadQueue(first, readOne, options.onError);
  // Heard from before the first read is over, so that nothing falls between the two.
  const stopListening = options.relay.listen(({ kind, organisationId }) => {
    if (kind === 'ASK_FIRST_CHANGED') void reloads.add(organisationId);
  });
  await first.catch((error: unknown) => {
    stopListening();
    throw error;
  });
  return {
    has: (organisationId, name) => names.get(organisationId)?.has(name) ?? false,
    reload: (organisationId) => reloads.add(organisationId),
    listen: (listener) => void listeners.add(listener),
    close() {
      stopListening();
      return reloads.close();
    },
  };
}

interface Row {
  organisation_id: string;
  name: string;
}

function toNames(rows: readonly Row[]): ReadonlySet<string> {
  return new Set(rows.map(({ name }) => name));
}

/** What setting them needs. */
export interface AskFirstStore {
  sql: Sql;
  askFirst: AskFirst;
  isModel(name: string): boolean;
  findRoute(organisationId: string, name: string): { id: string; name: string } | undefined;
  /** Something was committed. */
  onChange(): void;
}

/**
 * Says of a model or a route whether it may only be used with a grant. In this process it holds when this returns.
 * @throws NotFound for what can be neither asked for nor taken off the list; Conflict when the list is full.
 */
export async function setAskFirst(
  { sql, askFirst, isModel, findRoute, onChange }: AskFirstStore,
  who: Principal,
  input: { name: string; askFirst: boolean },
  by: Origin,
): Promise<void> {
  const { organisationId } = who;
  const { name } = input;
  const kind = isRouteName(name) ? 'route' : 'model';
  const route = kind === 'route' ? findRoute(organisationId, name) : undefined;
  const known = route?.name === name || isModel(name);
  if (!known && (input.askFirst || !askFirst.has(organisationId, name))) throw new NotFound(kind, name);
  const changed = await sql.begin(async (tx) => {
    const rows = input.askFirst
      ? await insert(tx, organisationId, name)
      : await tx`DELETE FROM ask_first WHERE organisation_id = ${organisationId} AND name = ${name} RETURNING name`;
    if (rows.length === 0) return false;
    await appendEvent(tx, { kind: 'ASK_FIRST_CHANGED', organisationId, subjectId: name });
    await record({ sql: tx }, who, {
      action: `${kind}.access`,
      targetId: kind === 'model' ? `mdl_${name}` : (route?.id ?? name),
      before: { askFirst: !input.askFirst },
      after: { askFirst: input.askFirst },
      by,
    });
    return true;
  });
  if (!changed) return;
  onChange();
  await askFirst.reload(organisationId);
}

async function insert(tx: ISql, organisationId: string, name: string): Promise<readonly unknown[]> {
  const [row] = await tx<{ count: number }[]>`
    SELECT count(*)::int AS count FROM ask_first WHERE organisation_id = ${organisationId}`;
  if (row!.count >= OF_ORGANISATION_MAX)
    throw new Conflict(
      `an organisation lists at most ${OF_ORGANISATION_MAX} models and routes to ask for first`,
    );
  return tx`
    INSERT INTO ask_first (organisation_id, name) VALUES (${organisationId}, ${name})
    ON CONFLICT DO NOTHING RETURNING name`;
}
