import type { ISql, Sql } from 'postgres';
import { toJsonParameter } from '../db/json.ts';

/** What the rest of the gateway, on every instance, hears about after it is committed. */
export type OutboxKind =
  | 'COMPLETION_SETTLED'
  | 'CANCEL_REQUESTED'
  | 'KEY_CHANGED'
  | 'USER_CHANGED'
  | 'ROLE_CHANGED'
  | 'BUDGET_CHANGED'
  | 'LIMITS_CHANGED'
  | 'PRICES_CHANGED'
  | 'MODELS_CHANGED'
  | 'LEDGER_CORRECTED'
  | 'ALERT_RAISED'
  | 'ACCESS_REQUEST_CHANGED'
  | 'ASK_FIRST_CHANGED'
  | 'OPERATIONS_CHANGED'
  | 'ROUTE_CHANGED'
  | 'TRIAL_CHANGED'
  | 'PROMPT_CHANGED'
  | 'EVALUATION_CHANGED';

/** They only say what to read again, so that neither their order nor what they stand between matters. */
const HINTS: OutboxKind[] = [
  'KEY_CHANGED',
  'USER_CHANGED',
  'ROLE_CHANGED',
  'ROUTE_CHANGED',
  'TRIAL_CHANGED',
  'PROMPT_CHANGED',
  'EVALUATION_CHANGED',
];
/** How many of the newest events are looked through for hints. */
const HINTS_WITHIN = 1_000;

export interface OutboxEvent {
  kind: OutboxKind;
  organisationId: string;
  subjectId: string;
}

/** A place in the outbox: everything up to it is committed and will never change. */
export interface Position {
  transaction: string;
  seq: bigint;
}

/** Several in one statement, in their order. */
export async function appendEvents(sql: ISql, events: readonly OutboxEvent[]): Promise<void> {
  await sql`
    INSERT INTO outbox (organisation_id, kind, subject_id)
    SELECT * FROM jsonb_to_recordset(${toJsonParameter(events)}::text::jsonb)
      AS x("organisationId" text, kind text, "subjectId" text)`;
}

export async function appendEvent(sql: ISql, event: OutboxEvent): Promise<void> {
  await sql`
    INSERT INTO outbox (organisation_id, kind, subject_id)
    VALUES (${event.organisationId}, ${event.kind}, ${event.subjectId})`;
}

/** Where the outbox ends now: events of transactions that are still open come after it. */
export async function findEnd(sql: Sql): Promise<Position> {
  const [row] = await sql<{ transaction: string }[]>`
    SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS transaction`;
  return { transaction: row!.transaction, seq: -1n };
}

export type ReadEvent = OutboxEvent & Position & { isHint: boolean };

/**
 * The next events after a position, in an order that never changes afterwards. Sequence numbers alone would not do:
 * they are given out before the commit, so a later number can be seen before an earlier one. So one that is slow to
 * commit, in any database of the server, holds back all that began after it; hints among those come at the end, before
 * their turn, and once more when it is theirs.
 */
export async function readAfter(sql: Sql, position: Position, limit: number): Promise<ReadEvent[]> {
  const rows = await sql<Row[]>`
    SELECT transaction::text AS transaction_text, seq, kind, organisation_id, subject_id, is_hint FROM (
      (SELECT *, false AS is_hint FROM outbox
        WHERE (transaction, seq) > (${position.transaction}::text::xid8, ${position.seq.toString()}::text::bigint)
          AND transaction < pg_snapshot_xmin(pg_current_snapshot())
        ORDER BY transaction, seq LIMIT ${limit})
      UNION ALL
      (SELECT *, true AS is_hint FROM outbox
        WHERE seq > (SELECT max(seq) FROM outbox) - ${HINTS_WITHIN} AND kind IN ${sql(HINTS)}
          AND transaction >= pg_snapshot_xmin(pg_current_snapshot()))
    ) found ORDER BY transaction, seq`;
  return rows.map((row) => ({
    transaction: row.transaction_text,
    seq: BigInt(row.seq),
    kind: row.kind,
    organisationId: row.organisation_id,
    subjectId: row.subject_id,
    isHint: row.is_hint,
  }));
}

interface Row {
  transaction_text: string;
  seq: bigint | string;
  kind: OutboxKind;
  organisation_id: string;
  subject_id: string;
  is_hint: boolean;
}
