import { createServer } from 'node:net';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bigint, pgTable } from 'drizzle-orm/pg-core';
import { describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/db/database.ts';
import { migrateDatabase } from '../../src/db/migrate.ts';
import { canReachPostgres, createScratchDatabase } from '../support/postgres.ts';

const open = (databaseUrl: string) => openDatabase({ databaseUrl, dataDir: 'unused' });
const isReachable = await canReachPostgres();

describe('a PostgreSQL server that cannot be used', () => {
  it('is named in one line, without the password', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    server.close();
    await expect(open(`postgres://me:secret@127.0.0.1:${port}/sluice`)).rejects.toThrow(
      new RegExp(
        `^cannot reach the database at 127.0.0.1:${port}/sluice: .*ECONNREFUSED.*; check DATABASE_URL$`,
      ),
    );
  });

  it.skipIf(!isReachable)('because it lacks the database says so', async () => {
    await expect(open('postgres://postgres@127.0.0.1:5432/nowhere')).rejects.toThrow(
      'cannot reach the database at 127.0.0.1:5432/nowhere: database "nowhere" does not exist; check DATABASE_URL',
    );
  });

  it('because its URL is none is not quoted', async () => {
    const error = await open('postgres://me:secret@host:port:5/x').catch((reason: unknown) => reason);
    expect(error).toMatchObject({ message: expect.stringContaining('DATABASE_URL is not a URL') });
    expect(String(error)).not.toContain('secret');
  });
});

describe.skipIf(!isReachable)('a PostgreSQL server', () => {
  it('is described without a password, answers, and speaks bigint', async () => {
    await using scratch = await createScratchDatabase();
    const { sql, db, describe: place, kind, ping, close } = await open(scratch.url.replace('@', ':secret@'));
    expect({ place, kind }).toEqual({ place: `postgres://127.0.0.1:5432/${scratch.name}`, kind: 'postgres' });
    await ping(AbortSignal.timeout(10_000));
    const amounts = pgTable('amounts', { nanos: bigint({ mode: 'bigint' }) });
    await sql`CREATE TABLE amounts (nanos bigint)`;
    await db.insert(amounts).values({ nanos: 2n ** 62n });
    expect(await db.select().from(amounts)).toEqual([{ nanos: 2n ** 62n }]);
    expect(await sql`SELECT nanos + ${1n} AS sum FROM amounts`).toEqual([{ sum: 2n ** 62n + 1n }]);
    await close();
  });

  it('may cut a connection in a transaction: that transaction fails, and nothing else does', async () => {
    await using scratch = await createScratchDatabase();
    const { sql, close } = await open(scratch.url);
    await sql`CREATE TABLE kept (n int)`;
    const transaction = sql.begin(async (tx) => {
      await tx`INSERT INTO kept VALUES (1)`;
      await tx`SELECT pg_terminate_backend(pg_backend_pid())`.catch(() => {});
      await tx.savepoint((inner) => inner`INSERT INTO kept VALUES (2)`).catch(() => {});
      await tx`INSERT INTO kept VALUES (3)`;
    });
    await expect(transaction).rejects.toThrow(/CONNECTION_CLOSED|ECONNRESET/);
    await expect.poll(() => sql`SELECT n FROM kept`.catch(() => undefined)).toEqual([]);
    await close();
  });
});

describe('migrations', () => {
  async function makeMigrations(statements: string[]): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-'));
    for (const [index, statement] of statements.entries()) {
      const name = join(folder, `2026010100000${index}_step`);
      await mkdir(name);
      await writeFile(join(name, 'migration.sql'), statement);
    }
    return folder;
  }

  it.skipIf(!isReachable)('are applied once when several processes start on an empty server', async () => {
    await using scratch = await createScratchDatabase();
    const folder = await makeMigrations(['CREATE TABLE first (n int)', 'INSERT INTO first VALUES (1)']);
    const starts = Array.from({ length: 4 }, async () => {
      const database = await open(scratch.url);
      await migrateDatabase(database, folder);
      const rows = await database.sql`SELECT n FROM first`;
      await database.close();
      return rows;
    });
    for (const rows of await Promise.all(starts)) expect(rows).toEqual([{ n: 1 }]);
    await rm(folder, { recursive: true });
  });

  it('that fail leave nothing behind, and those before them stand', async () => {
    const database = await openDatabase({ databaseUrl: undefined, dataDir: 'memory://' });
    const sound = await makeMigrations(['CREATE TABLE first (n int)']);
    const broken = await makeMigrations([
      'CREATE TABLE first (n int)',
      'CREATE TABLE second (n int)',
      'nonsense',
    ]);
    await migrateDatabase(database, sound);
    await expect(migrateDatabase(database, broken)).rejects.toMatchObject({ cause: { code: '42601' } });
    expect(await database.sql`SELECT relname FROM pg_stat_user_tables WHERE schemaname = 'public'`).toEqual([
      { relname: 'first' },
    ]);
    await database.close();
    await Promise.all([sound, broken].map((folder) => rm(folder, { recursive: true })));
  });
});
