import { fileURLToPath } from 'node:url';
import { migrate } from 'drizzle-orm/postgres-js/migrator';
import type { Database, Sql } from './database.ts';

/** The same place from the source and from the build. */
export const MIGRATIONS_FOLDER = fileURLToPath(new URL('../../drizzle', import.meta.url));

/** Any number that no other program takes for an advisory lock of the same database. */
const LOCK = 5_351_140_223;
const LOCK_WITHIN = '60s';

/**
 * Brings the tables up to date. Processes that start together on one PostgreSQL server take turns; only one of them
 * finds something to do.
 * @throws Error when another process has held the turn for a minute, or a migration fails: then none of it is applied.
 */
export async function migrateDatabase(
  database: Database,
  migrationsFolder = MIGRATIONS_FOLDER,
): Promise<void> {
  const run = () => migrate(database.db, { migrationsFolder });
  // The embedded database has one connection, which the lock would keep from the migrations, and one process.
  if (database.kind === 'embedded') await run();
  else await withLock(database.sql, run);
}

/** The transaction is for the lock alone, which ends with it; the work takes another connection. */
async function withLock(sql: Sql, work: () => Promise<unknown>): Promise<void> {
  await sql.begin(async (tx) => {
    await tx`SELECT set_config('lock_timeout', ${LOCK_WITHIN}, true), pg_advisory_xact_lock(${LOCK})`;
    await work();
  });
}
