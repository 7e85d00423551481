import type { Sql, TransactionSql } from 'postgres';
import { Conflict, InvalidInput, NotFound } from '../domain/errors.ts';
import { EACH, type Limit } from '../domain/limit.ts';
import { ensureMaySet } from '../domain/may-set.ts';
import type { Origin } from '../domain/origin.ts';
import type { Principal } from '../domain/principal.ts';
import { appendAudit } from '../events/audit.ts';
import { appendEvent } from '../events/outbox.ts';
import { newId } from '../lib/ids.ts';
import { canonicalAddress } from '../lib/ip-address.ts';
import type { LimitBook } from './book.ts';
import { listFaults, type LimitInput } from './check.ts';
import { findLimit } from './read.ts';

/** Every instance has all of them in memory. */
const MAX_OF_ORGANISATION = 10_000;

/** What changing limits needs. */
export interface LimitSetting {
  sql: Sql;
  book: LimitBook;
  /** What a limit is to be set on, as far as `who` may see it; undefined when there is no such thing. */
  findSubject(
    who: Principal,
    scope: Exclude<Limit['scope'], 'IP' | 'OPERATION'>,
    id: string,
  ): Promise<{ teamId: string | undefined } | undefined>;
  /** A change was committed. */
  onChange(): void;
}

/**
 * Sets the limit of a subject in a unit, whether or not there was one. What was used under a limit before counts on; where
 * there was none, nothing was counted.
 * @throws InvalidInput with every fault; Forbidden for a limit that holds for the caller itself; NotFound.
 */
export async function setLimit(
  store: LimitSetting,
  who: Principal,
  given: LimitInput,
  by: Origin,
): Promise<Limit> {
  const faults = listFaults(given);
  if (faults.length > 0) throw new InvalidInput(faults);
  const input = { ...given, subjectId: toSubjectId(given) };
  const { teamId } = await ensureSubject(store, who, input);
  const id = await store.sql.begin((tx) => write(tx, who, { ...input, teamId }, by));
  return (await reload(store, who, id))!;
}

/**
 * From now on the limit for each of its scope holds in its place, where there is one.
 * @throws NotFound, Forbidden as for setting it, Conflict for one that stands in the config.
 */
export async function deleteLimit(
  store: LimitSetting,
  who: Principal,
  id: string,
  by: Origin,
): Promise<string> {
  const limit = findLimit(store.book, who, id);
  if (!limit) throw new NotFound('limit', id, ['id']);
  ensureMaySet(who, 'LIMITS', limit, ['id']);
  if (!limit.createdAt)
    throw new Conflict('this limit stands in the config of the gateway; set one in its place');
  await store.sql.begin(async (tx) => {
    const deleted = await tx`DELETE FROM rate_limits WHERE id = ${id} RETURNING id`;
    if (deleted.length > 0) await record(tx, who, { id, action: 'limit.delete', before: limit, by });
  });
  await reload(store, who, id);
  return id;
}

/** Here at once, elsewhere as soon as the event is heard. */
async function reload(store: LimitSetting, who: Principal, id: string): Promise<Limit | undefined> {
  store.onChange();
  await store.book.reload(who.organisationId);
  return store.book.list(who.organisationId).find((limit) => limit.id === id);
}

function toSubjectId({ scope, subjectId }: LimitInput): string {
  return scope === 'IP' ? (canonicalAddress(subjectId) ?? subjectId) : subjectId;
}

async function ensureSubject(store: LimitSetting, who: Principal, { scope, subjectId }: LimitInput) {
  const found =
    scope === 'IP' || scope === 'OPERATION' || subjectId === EACH
      ? { teamId: undefined }
      : await store.findSubject(who, scope, subjectId);
  const path = ['input', 'subjectId'];
  if (!found) throw new NotFound(scope.toLowerCase().replace('_', ' '), subjectId, path);
  ensureMaySet(who, 'LIMITS', { scope, subjectId, teamId: found.teamId }, path);
  return found;
}

type Row = LimitInput & { teamId: string | undefined };

async function write(tx: TransactionSql, who: Principal, row: Row, by: Origin): Promise<string> {
  const { organisationId } = who;
  const { scope, subjectId, unit, max, teamId = null } = row;
  // Whoever sets a limit of the organisation at the same time waits here, so that the audit's "before" is true.
  await tx`SELECT 1 FROM organisations WHERE id = ${organisationId} FOR UPDATE`;
  const [before] = await tx<{ id: string; max: bigint }[]>`
    SELECT id, max FROM rate_limits
    WHERE organisation_id = ${organisationId} AND scope = ${scope} AND subject_id = ${subjectId} AND unit = ${unit}`;
  if (!before) await ensureRoom(tx, organisationId);
  const id = before?.id ?? newId('lim');
  await tx`
    INSERT INTO rate_limits (id, organisation_id, team_id, scope, subject_id, unit, max)
    VALUES (${id}, ${organisationId}, ${teamId}, ${scope}, ${subjectId}, ${unit}, ${max.toString()}::text::bigint)
    ON CONFLICT (id) DO UPDATE SET max = excluded.max`;
  const told = { ...row, max: Number(before?.max) };
  await record(tx, who, { id, action: 'limit.set', before: before && told, after: row, by });
  return id;
}

async function ensureRoom(tx: TransactionSql, organisationId: string): Promise<void> {
  const [row] = await tx<{ count: number }[]>`
    SELECT count(*)::int AS count FROM rate_limits WHERE organisation_id = ${organisationId}`;
  if (row!.count < MAX_OF_ORGANISATION) return;
  throw new Conflict(`an organisation has at most ${MAX_OF_ORGANISATION} limits; delete some, or use "*"`);
}

async function record(
  tx: TransactionSql,
  who: Principal,
  change: { id: string; action: string; before: Row | undefined; after?: Row; by: Origin },
): Promise<void> {
  const { organisationId, keyId: actorId } = who;
  const { id: targetId, action, by } = change;
  const before = change.before && toRecord(change.before);
  const after = change.after && toRecord(change.after);
  await appendAudit(tx, { organisationId, actorId, action, targetId, before, after, ...by });
  await appendEvent(tx, { organisationId, kind: 'LIMITS_CHANGED', subjectId: targetId });
}

function toRecord({ scope, subjectId, unit, max }: Row): Record<string, unknown> {
  return { scope, subjectId, unit, max };
}
