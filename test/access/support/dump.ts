import type { Database } from '../../../src/db/database.ts';

/** Every row of every table as text. */
export async function dumpTables({ sql }: Database): Promise<string> {
  const tables = await sql<{ name: string }[]>`
    SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
    WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`;
  const rows = await Promise.all(
    tables.map(({ name }) => sql.unsafe<{ row: string }[]>(`SELECT t::text AS row FROM ${name} t`)),
  );
  return rows.flatMap((found) => found.map(({ row }) => row)).join('\n');
}
