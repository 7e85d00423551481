import type { Sql } from '../connection-options.ts';

const EVERY_MS = 60_000;
const MAX_WAL_BYTES = 32 * 1024 * 1024;

/**
 * Does from time to time what PostgreSQL's background processes do, because the embedded one has none: without
 * checkpoints the log would grow for ever, without vacuum the tables.
 * @returns how to stop.
 */
export function startHousekeeping(sql: Sql, log: (message: string) => void): () => void {
  let running = false;
  async function round(): Promise<void> {
    if (running) return;
    running = true;
    await keepHouse(sql).catch((error: unknown) =>
      log(`housekeeping of the embedded database failed: ${String(error)}`),
    );
    running = false;
  }
  const timer = setInterval(() => void round(), EVERY_MS);
  return () => clearInterval(timer);
}

/** One round: what autovacuum would do, by its default thresholds, then a checkpoint if the log is long. */
export async function keepHouse(sql: Sql): Promise<void> {
  for (const { name } of await listWornTables(sql)) await sql.unsafe(`VACUUM (ANALYZE) ${name}`);
  const [log] = await sql<{ long: boolean }[]>`
    SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), redo_lsn) > ${MAX_WAL_BYTES}::int AS long FROM pg_control_checkpoint()`;
  if (log?.long) await sql`CHECKPOINT`;
}

/** @see https://www.postgresql.org/docs/18/routine-vacuuming.html#AUTOVACUUM */
function listWornTables(sql: Sql): Promise<{ name: string }[]> {
  return sql<{ name: string }[]>`
    SELECT format('%I.%I', schemaname, stat.relname) AS name
    FROM pg_stat_user_tables stat JOIN pg_class ON pg_class.oid = stat.relid
    WHERE n_dead_tup > 50 + 0.2 * greatest(reltuples, 0)
       OR n_mod_since_analyze > 50 + 0.1 * greatest(reltuples, 0)
       OR n_ins_since_vacuum > 1000 + 0.2 * greatest(reltuples, 0)`;
}
