import { drizzle } from 'drizzle-orm/postgres-js';
import type { TransactionSql } from 'postgres';
import type { Sql } from './connection-options.ts';
import type { Db } from './database.ts';

/** One transaction for both ways to write: the query builder's, and the SQL of audit and outbox. */
export interface Transaction {
  db: Db;
  sql: TransactionSql;
}

/** Commits when `work` ends well. Inside of it nothing but its own transaction may be used. */
export async function inTransaction<T>(sql: Sql, work: (tx: Transaction) => Promise<T>): Promise<T> {
  const result = await sql.begin((tx) => {
    // The builder looks for the options of a whole client, which a transaction of postgres.js does not carry.
    const client = Object.assign(tx, { options: sql.options }) as unknown as Sql;
    return work({ sql: tx, db: drizzle({ client }) });
  });
  return result as T;
}
