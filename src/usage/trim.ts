import { sql } from 'drizzle-orm';
import type { Db } from '../db/database.ts';
import { THIS_SERVER } from './progress.ts';

/**
 * Forgets what every instance has read long ago: the oldest events, in their order, but nothing that is not in the
 * roll-ups yet. Keeps in mind where it stopped, so that a reader who comes later can be told what it has missed.
 */
export async function trimOutbox(db: Db, olderThanMs: number): Promise<void> {
  await db.execute(sql`
    with kept as (
      select transaction, seq from outbox where at >= now() - ${olderThanMs}::int * interval '1 ms'
      order by transaction, seq limit 1
    ),
    gone as (
      delete from outbox o using usage_progress p
      where p.server = ${THIS_SERVER} and (o.transaction, o.seq) <= (p.transaction, p.seq)
        and not exists (select from kept where (o.transaction, o.seq) >= (kept.transaction, kept.seq))
      returning o.transaction, o.seq
    )
    update usage_progress p set trimmed_transaction = last.transaction, trimmed_seq = last.seq
    from (select transaction, seq from gone order by transaction desc, seq desc limit 1) last
    where (last.transaction, last.seq) > (p.trimmed_transaction, p.trimmed_seq)`);
}
