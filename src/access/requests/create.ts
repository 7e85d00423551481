import type { TransactionSql } from 'postgres';
import { Conflict } from '../../domain/errors.ts';
import type { Origin } from '../../domain/origin.ts';
import type { Principal } from '../../domain/principal.ts';
import { newId } from '../../lib/ids.ts';
import type { AccessDesk } from './desk.ts';
import { findAccessRequests, type AccessRequest } from './read.ts';
import { record } from './record.ts';
import { ensureTarget, invalid, type Target, type Wanted } from './target.ts';

export interface NewAccessRequest extends Wanted {
  reason: string;
  until: Date | undefined;
}

/** Whoever decides must be able to read them all. */
const PENDING_MAX = 20;
/** Of one caller, so that asking and calling off again fills no database. */
const IN_A_DAY_MAX = 100;
const DAY_MS = 24 * 3_600_000;
/** How long a request waits for a decision. */
const LAPSES_AFTER_MS = 30 * DAY_MS;
export const TEXT_MAX = 1_000;

/**
 * Asks for something. It waits for whoever decides for the team, at most 30 days.
 * @throws InvalidInput, NotFound, and Conflict for what the caller has or has asked for already, or for too many requests.
 */
export async function createAccessRequest(
  desk: AccessDesk,
  who: Principal,
  input: NewAccessRequest,
  by: Origin,
): Promise<AccessRequest> {
  const reason = input.reason.trim();
  if (reason === '' || reason.length > TEXT_MAX)
    throw invalid('reason', `must hold 1 to ${TEXT_MAX} characters`);
  if (input.until && input.until <= new Date()) throw invalid('until', 'lies in the past');
  const target = await ensureTarget(desk, who, input);
  const id = newId('areq');
  await desk.sql.begin(async (tx) => {
    // Those of one caller come one after the other, so that none is counted too late.
    await tx`SELECT pg_advisory_xact_lock(hashtextextended(${who.keyId}, 0))`;
    await ensureRoom(tx, who);
    await insert(tx, who, { ...input, ...target, id, reason });
    await record(
      tx,
      { id, organisationId: who.organisationId, action: 'access.request', actorId: who.keyId, by },
      {
        after: {
          kind: input.kind,
          targetId: target.targetId,
          amount: target.amount?.toString(),
          unit: target.unit,
          until: input.until?.toISOString(),
          reason,
        },
      },
    );
  });
  desk.onChange();
  return (await findAccessRequests(desk.db, who, [id]))[0]!;
}

async function ensureRoom(tx: TransactionSql, { keyId }: Principal): Promise<void> {
  const since = new Date(Date.now() - DAY_MS).toISOString();
  const [counts] = await tx<{ pending: number; lately: number }[]>`
    SELECT count(*) FILTER (WHERE status = 'PENDING')::int AS pending,
      count(*) FILTER (WHERE created_at > ${since}::text::timestamptz)::int AS lately
    FROM access_requests WHERE requester_id = ${keyId}`;
  if (counts!.pending >= PENDING_MAX)
    throw new Conflict(`${PENDING_MAX} of your requests are undecided; call one off, or wait for a decision`);
  if (counts!.lately >= IN_A_DAY_MAX)
    throw new Conflict(`you have made ${IN_A_DAY_MAX} requests within a day; ask again tomorrow`);
}

async function insert(
  tx: TransactionSql,
  { organisationId, teamId, keyId }: Principal,
  { id, kind, targetId, amount, unit, reason, until }: NewAccessRequest & Target & { id: string },
): Promise<void> {
  const now = new Date();
  const lapsesAt = new Date(now.getTime() + LAPSES_AFTER_MS).toISOString();
  const rows = await tx`
    INSERT INTO access_requests (id, organisation_id, team_id, requester_id, kind, target_id, amount, unit, reason, until,
      status, created_at, lapses_at)
    VALUES (${id}, ${organisationId}, ${teamId}, ${keyId}, ${kind}, ${targetId},
      ${amount?.toString() ?? null}::text::bigint, ${unit ?? null}, ${reason},
      ${until?.toISOString() ?? null}::text::timestamptz, 'PENDING', ${now.toISOString()}::text::timestamptz,
      ${lapsesAt}::text::timestamptz)
    ON CONFLICT (organisation_id, team_id, requester_id, kind, target_id) WHERE status = 'PENDING' DO NOTHING
    RETURNING id`;
  if (rows.length === 0) throw new Conflict('you have asked for this already, and it is undecided');
}
