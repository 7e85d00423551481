import { spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { exportDatabase } from '../../src/cli/db-export.ts';
import { type Database, openDatabase } from '../../src/db/database.ts';
import { migrateDatabase, MIGRATIONS_FOLDER } from '../../src/db/migrate.ts';
import { appendAudit } from '../../src/events/audit.ts';
import { verifyAudit } from '../../src/events/audit-chain.ts';
import { startWriter } from './programs/start-writer.ts';
import { canReachPostgres, createScratchDatabase } from '../support/postgres.ts';

const isReachable = await canReachPostgres();
let folder: string;
let dataDir: string;
let out: string;
let migrationsFolder: string;

/** Every kind of value that a table may hold, in rows that refer to rows after them. */
const ODDITIES = `
CREATE TABLE "Odd ones" (
  "id" bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  "next" bigint REFERENCES "Odd ones" ("id"),
  "big" bigint, "exact" numeric, "ratio" double precision, "flag" boolean, "at" timestamp with time zone,
  "words" text, "doc" jsonb, "list" text[], "raw" bytea,
  "half" bigint GENERATED ALWAYS AS ("big" / 2) STORED
);`;

const AUDITED = { organisationId: 'org_1', actorId: 'key_1', action: 'x.set', requestId: 'r' };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-'));
  dataDir = join(folder, 'data');
  out = join(folder, 'export.sql');
  migrationsFolder = join(folder, 'migrations');
  await cp(MIGRATIONS_FOLDER, migrationsFolder, { recursive: true });
  await mkdir(join(migrationsFolder, '29990101000000_odd'));
  await writeFile(join(migrationsFolder, '29990101000000_odd', 'migration.sql'), ODDITIES);
});
afterEach(() => rm(folder, { recursive: true }));

async function fill(): Promise<Record<string, unknown>> {
  const database = await openDatabase({ databaseUrl: undefined, dataDir });
  const { sql, close } = database;
  await migrateDatabase(database, migrationsFolder);
  await sql`INSERT INTO organisations (id, name) VALUES ('org_1', 'One'), ('org_2', ${'it\'s \\ "two"; DROP TABLE teams; --\n$$é漢😀'})`;
  await sql`INSERT INTO teams (id, organisation_id, name) VALUES ('team_1', 'org_2', 'Team')`;
  await sql`INSERT INTO outbox (organisation_id, kind, subject_id) VALUES ('org_1', 'KEY_CHANGED', 'key_1')`;
  await sql`
    INSERT INTO "Odd ones" (next, big, exact, ratio, flag, at, words, doc, list, raw) VALUES
      (2, 9223372036854775807, 12345678901234567890.000000001, 0.1, true, '2026-01-02 03:04:05.678901+00', '',
        '{"a": [1, null, "\\u0001 ''q'' \\\\"]}', ARRAY['x,y', 'NULL', '"', null], '\\x00ff0a27'),
      (null, null, 'NaN', 'Infinity', null, 'infinity', E'tab\\tline\\r\\n', 'null', '{}', '')`;
  await sql`INSERT INTO "Odd ones" (big) SELECT generate_series(1, 250)`;
  for (const targetId of ['one', 'two']) await appendAudit(sql, { ...AUDITED, targetId });
  const rows = await readAllTables(database);
  await close();
  return rows;
}

async function readAllTables({ sql }: Database): Promise<Record<string, unknown>> {
  return {
    organisations: await sql`SELECT * FROM organisations ORDER BY id`,
    teams: await sql`SELECT * FROM teams ORDER BY id`,
    audit: await sql`SELECT * FROM audit_events ORDER BY id`,
    heads: await sql`SELECT * FROM audit_heads`,
    odd: await sql`SELECT * FROM "Odd ones" ORDER BY id`,
    migrations: await sql`SELECT * FROM drizzle.__drizzle_migrations ORDER BY id`,
    sequences:
      await sql`SELECT sequencename, last_value FROM pg_sequences WHERE sequencename <> 'outbox_seq_seq' ORDER BY 1`,
  };
}

describe('the export of the embedded database', () => {
  it.skipIf(!isReachable).each([
    {
      way: 'psql',
      restore: async (url: string) => {
        const psql = spawnSync('psql', ['-v', 'ON_ERROR_STOP=1', '-q', '-f', out, url], { encoding: 'utf8' });
        expect(psql.stderr).toBe('');
      },
    },
    {
      way: 'one query of many statements',
      restore: async (url: string) => {
        const sql = postgres(url, { max: 1 });
        await sql.unsafe(await readFile(out, 'utf8'));
        await sql.end();
      },
    },
  ])('fills a PostgreSQL server with the same rows, by $way', async ({ restore }) => {
    const rows = await fill();
    await exportDatabase({ dataDir, out, migrationsFolder });
    await using scratch = await createScratchDatabase();
    await restore(scratch.url);

    const server = await openDatabase({ databaseUrl: scratch.url, dataDir });
    expect(await readAllTables(server)).toEqual(rows);
    expect(await server.sql`SELECT * FROM outbox`).toEqual([]);
    await migrateDatabase(server, migrationsFolder);
    expect(await readAllTables(server)).toEqual(rows);
    expect(await server.sql`INSERT INTO "Odd ones" (next) VALUES (1) RETURNING id`).toEqual([{ id: 253n }]);
    await expect(server.sql`INSERT INTO "Odd ones" (next) VALUES (1000)`).rejects.toThrow('foreign key');
    await appendAudit(server.sql, { ...AUDITED, targetId: 'three' });
    expect((await verifyAudit(server.sql)).chains).toMatchObject([{ events: 3, broken: undefined }]);
    await expect(server.sql`DELETE FROM audit_events`).rejects.toThrow('append only');
    await server.close();
  });

  it('is for its owner only, and overwrites nothing', async () => {
    await fill();
    await exportDatabase({ dataDir, out, migrationsFolder });
    expect((await stat(out)).mode & 0o077).toBe(0);
    await expect(exportDatabase({ dataDir, out, migrationsFolder })).rejects.toThrow('EEXIST');
  });

  it('is refused while another process has the database open', async () => {
    const writer = await startWriter(dataDir);
    await expect(exportDatabase({ dataDir, out })).rejects.toThrow(`is in use by process ${writer.pid}`);
    await writer.kill();
  });

  it('is refused where there is no database', async () => {
    await expect(exportDatabase({ dataDir, out })).rejects.toThrow(
      `there is no embedded database in ${dataDir}`,
    );
  });
});
