import { randomBytes } from 'node:crypto';
import postgres from 'postgres';
import { openDatabase, type Database } from '../../src/db/database.ts';
import { migrateDatabase } from '../../src/db/migrate.ts';
import { openPooledDatabase } from './pooled-database.ts';

/** A PostgreSQL server to run the suite on, instead of the embedded database. */
const SERVER = process.env['SLUICE_TEST_DATABASE_URL'];

export interface TestDatabase {
  /** Undefined: use the embedded one, in memory. */
  databaseUrl: string | undefined;
  drop(): Promise<void>;
}

/** An empty database of its own for whoever asks. */
export async function createTestDatabase(): Promise<TestDatabase> {
  if (!SERVER) return { databaseUrl: undefined, drop: async () => {} };
  const name = `sluice_test_${randomBytes(6).toString('hex')}`;
  const run = async (statement: string) => {
    const sql = postgres(SERVER, { max: 1, onnotice: () => {} });
    try {
      await sql.unsafe(statement);
    } finally {
      await sql.end();
    }
  };
  await run(`CREATE DATABASE ${name}`);
  const url = new URL(SERVER);
  url.pathname = `/${name}`;
  return { databaseUrl: url.href, drop: () => run(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`) };
}

/** An empty database with its tables, on either of them; it is gone when it is closed. */
export async function openTestDatabase(): Promise<Database> {
  const { databaseUrl, drop } = await createTestDatabase();
  if (databaseUrl === undefined) return openPooledDatabase();
  const database = await openDatabase({ databaseUrl, dataDir: 'memory://' });
  await migrateDatabase(database);
  return { ...database, close: () => database.close().then(drop) };
}
