import { createWriteStream } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { openDatabase, type Sql } from '../db/database.ts';
import { hasCluster } from '../db/embedded/embedded.ts';
import { migrateDatabase, MIGRATIONS_FOLDER } from '../db/migrate.ts';

const ROWS_PER_INSERT = 100;

/** Announcements to running processes, ordered by transaction numbers that mean nothing to another server. */
const LEFT_OUT = ['outbox'];

/** As the migrator makes it; see `migrate` of drizzle-orm. */
const MIGRATIONS_TABLE = `CREATE SCHEMA "drizzle";
CREATE TABLE "drizzle"."__drizzle_migrations" (
  "id" serial PRIMARY KEY, "hash" text NOT NULL, "created_at" bigint, "name" text,
  "applied_at" timestamp with time zone DEFAULT now()
);`;

interface Table {
  name: string;
  columns: string;
  /** An expression for a row's values as SQL. */
  row: string;
}

/**
 * Writes the embedded database as one SQL transaction that fills an empty PostgreSQL 15 or later:
 * `psql -v ON_ERROR_STOP=1 -f FILE`. A file that was cut off lacks its COMMIT and so restores nothing.
 * @param options.out must not exist yet; readable by its owner only.
 * @throws Error when there is no embedded database, another process has it open, or the file cannot be written.
 */
export async function exportDatabase(options: {
  dataDir: string;
  out: string;
  migrationsFolder?: string;
}): Promise<void> {
  const { dataDir, out, migrationsFolder = MIGRATIONS_FOLDER } = options;
  if (!hasCluster(dataDir)) throw new Error(`there is no embedded database in ${dataDir}`);
  const database = await openDatabase({ databaseUrl: undefined, dataDir });
  try {
    await migrateDatabase(database, migrationsFolder);
    const file = createWriteStream(out, { flags: 'wx', mode: 0o600 });
    await pipeline(writeDump(database.sql, migrationsFolder), file);
  } finally {
    await database.close();
  }
}

async function* writeDump(sql: Sql, migrationsFolder: string): AsyncGenerator<string> {
  const keys = await listForeignKeys(sql);
  yield 'BEGIN;\n';
  yield "SET LOCAL client_encoding = 'UTF8';\nSET LOCAL search_path = public;\n";
  yield `${await readSchema(migrationsFolder)}\n${MIGRATIONS_TABLE}\n`;
  // Rows may refer to each other in any order, so references are checked after all of them are there.
  for (const { drop } of keys) yield `${drop}\n`;
  // Rows come as they were written, and not as a trigger would write them now.
  const triggered = await listTriggeredTables(sql);
  for (const name of triggered) yield `ALTER TABLE ${name} DISABLE TRIGGER USER;\n`;
  for (const table of await listTables(sql)) yield* writeRows(sql, table);
  for (const name of triggered) yield `ALTER TABLE ${name} ENABLE TRIGGER USER;\n`;
  for (const { add } of keys) yield `${add}\n`;
  for (const { set } of await listSequences(sql)) yield `${set}\n`;
  yield 'COMMIT;\n';
}

async function readSchema(migrationsFolder: string): Promise<string> {
  const names = (await readdir(migrationsFolder)).toSorted();
  const texts = await Promise.all(
    names.map((name) => readFile(join(migrationsFolder, name, 'migration.sql'), 'utf8')),
  );
  return texts.join('\n');
}

async function* writeRows(sql: Sql, table: Table): AsyncGenerator<string> {
  const query = sql.unsafe<{ row: string }[]>(`SELECT ${table.row} AS row FROM ${table.name}`);
  for await (const rows of query.cursor(ROWS_PER_INSERT)) {
    const values = rows.map(({ row }) => `(${row})`).join(',\n');
    yield `INSERT INTO ${table.name} (${table.columns}) OVERRIDING SYSTEM VALUE VALUES\n${values};\n`;
  }
}

function listTables(sql: Sql): Promise<Table[]> {
  return sql<Table[]>`
    SELECT format('%I.%I', nspname, relname) AS name,
      string_agg(quote_ident(attname), ', ' ORDER BY attnum) AS columns,
      string_agg(format('quote_nullable(%I::text)', attname), $$ || ', ' || $$ ORDER BY attnum) AS row
    FROM pg_class
      JOIN pg_namespace ON pg_namespace.oid = relnamespace
      JOIN pg_attribute ON attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
    WHERE relkind = 'r' AND nspname IN ('public', 'drizzle') AND relname NOT IN ${sql(LEFT_OUT)}
    GROUP BY nspname, relname ORDER BY nspname, relname`;
}

async function listTriggeredTables(sql: Sql): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    SELECT DISTINCT tgrelid::regclass::text AS name FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1`;
  return rows.map(({ name }) => name);
}

function listForeignKeys(sql: Sql): Promise<{ drop: string; add: string }[]> {
  return sql<{ drop: string; add: string }[]>`
    SELECT format('ALTER TABLE %s DROP CONSTRAINT %I;', conrelid::regclass, conname) AS drop,
      format('ALTER TABLE %s ADD CONSTRAINT %I %s;', conrelid::regclass, conname, pg_get_constraintdef(oid)) AS add
    FROM pg_constraint WHERE contype = 'f' ORDER BY conname`;
}

/** A sequence that was never used has no last value and stays as it was made. */
function listSequences(sql: Sql): Promise<{ set: string }[]> {
  return sql<{ set: string }[]>`
    SELECT format('SELECT setval(%L, %s);', format('%I.%I', schemaname, sequencename), last_value) AS set
    FROM pg_sequences WHERE last_value IS NOT NULL ORDER BY schemaname, sequencename`;
}
