import { sql, type SQL } from 'drizzle-orm';
import type { Db } from '../db/database.ts';
import type { Position } from '../events/outbox.ts';
import { announcedFacts, settledFacts } from './facts.ts';
import { eventsBetween, placeOf, THIS_SERVER } from './progress.ts';
import { rollUp } from './roll-up.ts';

type Tx = Pick<Db, 'execute'>;

interface Progress extends Position {
  isHere: boolean;
  backfilledTo: string | null;
}

/**
 * Adds the next events to the roll-ups and moves the watermark, in one transaction. Where there are no roll-ups yet,
 * or they were made on another server, it first makes them from the history, some completions at a time.
 * @param limit events, or completions of the history, that are taken at once.
 * @returns whether there may be more to do now. Not when another instance is just at it.
 */
export async function foldUsage(db: Db, limit: number): Promise<boolean> {
  return db.transaction(async (tx) => {
    const progress = await lockProgress(tx);
    if (!progress) return createProgress(tx);
    if (!progress.isHere) await beginAnew(tx);
    else if (progress.backfilledTo === null) return foldEvents(tx, progress, limit);
    else await foldHistory(tx, progress, progress.backfilledTo, limit);
    return true;
  });
}

async function lockProgress(tx: Tx): Promise<Progress | undefined> {
  const [row] = await tx.execute<{
    transaction: string;
    seq: bigint;
    here: boolean;
    backfilled_to: string | null;
  }>(sql`
    select transaction::text as transaction, seq, server = ${THIS_SERVER} as here, backfilled_to from usage_progress
    for update skip locked`);
  if (!row) return undefined;
  const { transaction, seq, here, backfilled_to: backfilledTo } = row;
  return { transaction, seq, isHere: here, backfilledTo };
}

/** @returns false when it is there, so that another instance holds it. */
async function createProgress(tx: Tx): Promise<boolean> {
  const created = await tx.execute(sql`
    insert into usage_progress (id, server, transaction, seq, trimmed_transaction, trimmed_seq)
    values (1, '', '0'::xid8, -1, '0'::xid8, -1) on conflict do nothing returning id`);
  return created.length > 0;
}

/**
 * From here on the outbox says what is new; all that was settled before is history. Places of another server are no
 * places of this one, so that nobody may go on from them.
 */
async function beginAnew(tx: Tx): Promise<void> {
  await tx.execute(sql`delete from usage_rollups`);
  await tx.execute(sql`delete from usage_series`);
  // Events that another server wrote would come again when this one has counted up to their numbers.
  await tx.execute(sql`delete from outbox where transaction >= pg_snapshot_xmax(pg_current_snapshot())`);
  await tx.execute(sql`
    update usage_progress set server = ${THIS_SERVER}, backfilled_to = '',
      transaction = pg_snapshot_xmin(pg_current_snapshot()), seq = -1, trimmed_seq = -1,
      trimmed_transaction = case server when '' then '0'::xid8 else pg_snapshot_xmin(pg_current_snapshot()) end`);
}

async function foldEvents(tx: Tx, after: Position, limit: number): Promise<boolean> {
  const [done] = await tx.execute<{ events: number }>(sql`
    with batch as materialized (
      select transaction, seq, kind, subject_id from outbox
      where (transaction, seq) > ${placeOf(after)} and transaction < pg_snapshot_xmin(pg_current_snapshot())
      order by transaction, seq limit ${limit}
    ),
    ${rollUp(announcedFacts('batch'))},
    moved as (
      update usage_progress set transaction = last.transaction, seq = last.seq
      from (select transaction, seq from batch order by transaction desc, seq desc limit 1) last
    )
    select count(*)::int as events from batch`);
  return done?.events === limit;
}

/**
 * A completion is history unless the outbox announces it after the watermark, which stands still until the history is
 * done. Corrections are few and come with the first completions.
 */
async function foldHistory(tx: Tx, after: Position, from: string, limit: number): Promise<void> {
  const isHistory = (id: SQL, kind: string) =>
    sql`not exists (select from recent o where o.subject_id = ${id} and o.kind = ${kind})`;
  const history = settledFacts({
    completions: (those) => sql`batch join completions c using (id)
      where ${those} and ${isHistory(sql`c.id`, 'COMPLETION_SETTLED')}`,
    corrections: sql`ledger_entries e left join completions c on c.id = e.completion_id
      where ${from} = '' and ${isHistory(sql`e.id::text`, 'LEDGER_CORRECTED')}`,
  });
  await tx.execute(sql`
    with recent as materialized (${eventsBetween(after)}),
    batch as materialized (select id from completions where id > ${from} order by id limit ${limit}),
    ${rollUp(history)}
    update usage_progress set backfilled_to = (select max(id) from batch)`);
}
