import { sql, type SQL } from 'drizzle-orm';
import type { Db } from '../db/database.ts';
import type { Position } from '../events/outbox.ts';

/** The server whose transaction numbers we see. A dump that another server took over brings numbers that mean nothing. */
export const THIS_SERVER = sql`(select system_identifier::text from pg_control_system())`;

/**
 * Where the roll-ups end.
 * @returns undefined when there are none that count: they were never made, or are just being made from the history.
 */
export async function findWatermark(db: Pick<Db, 'execute'>): Promise<Position | undefined> {
  const [row] = await db.execute<{ transaction: string; seq: bigint }>(sql`
    select transaction::text as transaction, seq from usage_progress
    where server = ${THIS_SERVER} and backfilled_to is null`);
  return row && { transaction: row.transaction, seq: row.seq };
}

/** Whether events after this place have been dropped from the outbox, or it is one of another server. */
export async function isForgotten(db: Pick<Db, 'execute'>, after: Position): Promise<boolean> {
  const [row] = await db.execute<{ forgotten: boolean }>(sql`
    select server not in ('', ${THIS_SERVER}) or (trimmed_transaction, trimmed_seq) > ${placeOf(after)} as forgotten
    from usage_progress`);
  return row?.forgotten ?? false;
}

/** A position as a row that can be compared with `(transaction, seq)`. */
export function placeOf({ transaction, seq }: Position): SQL {
  return sql`(${transaction}::text::xid8, ${seq.toString()}::text::bigint)`;
}

/** The events of usage after a position, and up to another one, that this snapshot sees. */
export function eventsBetween(after: Position, upTo?: Position): SQL {
  const end = upTo ? sql`and (transaction, seq) <= ${placeOf(upTo)}` : sql``;
  return sql`select transaction, seq, kind, organisation_id, subject_id from outbox
    where (transaction, seq) > ${placeOf(after)} ${end} and kind in ('COMPLETION_SETTLED', 'LEDGER_CORRECTED')`;
}
