import { drizzle, type PostgresJsQueryResultHKT } from 'drizzle-orm/postgres-js';
import type { PgAsyncDatabase } from 'drizzle-orm/pg-core';
import { raceAbort } from '../lib/abort.ts';
import type { Sql } from './connection-options.ts';
import { openEmbedded } from './embedded/embedded.ts';
import { guardTransactions } from './guard-transactions.ts';
import { openPostgres } from './postgres.ts';

export type { Sql } from './connection-options.ts';

/** The query builder, on the pool or within one transaction. */
export type Db = PgAsyncDatabase<PostgresJsQueryResultHKT>;

/** PostgreSQL, whether it is a server or embedded. */
export interface Database {
  sql: Sql;
  db: Db;
  kind: 'embedded' | 'postgres';
  /** Where the data is, for people; holds no password. */
  describe: string;
  /** Rejects when the database does not answer, or with the signal's reason when it aborts. */
  ping(signal: AbortSignal): Promise<void>;
  /** Lets running queries end for a short while. */
  close(): Promise<void>;
}

/**
 * Opens the PostgreSQL at `databaseUrl`, or the embedded one in `dataDir` when there is no URL.
 * @param options.dataDir may be `memory://`.
 * @param options.maxConnections of a PostgreSQL server, at least 2; the embedded one has a single connection.
 * @throws Error in one line when the database cannot be reached or its directory is in use.
 */
export async function openDatabase(options: {
  databaseUrl: string | undefined;
  dataDir: string;
  maxConnections?: number;
  log?: (message: string) => void;
}): Promise<Database> {
  const { databaseUrl, dataDir, log = () => {} } = options;
  if (databaseUrl !== undefined) {
    const { sql, describe } = await openPostgres(databaseUrl, options.maxConnections);
    return toDatabase({ sql, describe, kind: 'postgres', close: () => sql.end({ timeout: 5 }) });
  }
  const { sql, close } = await openEmbedded({ dataDir, log });
  const [server] = await sql<
    { version: string }[]
  >`SELECT split_part(current_setting('server_version'), '.', 1) AS version`;
  return toDatabase({
    sql,
    describe: `${dataDir} (PGlite, PostgreSQL ${server?.version})`,
    kind: 'embedded',
    close,
  });
}

/** A database from a connection to it. */
export function toDatabase(opened: Pick<Database, 'sql' | 'describe' | 'kind' | 'close'>): Database {
  const sql = guardTransactions(opened.sql);
  return {
    ...opened,
    sql,
    db: drizzle({ client: sql }),
    async ping(signal) {
      await raceAbort(sql`SELECT 1`, signal);
    },
  };
}
