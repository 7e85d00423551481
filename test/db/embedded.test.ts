import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bigint, jsonb, pgTable, timestamp } from 'drizzle-orm/pg-core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/db/database.ts';
import { keepHouse } from '../../src/db/embedded/housekeeping.ts';

const open = (dataDir: string) => openDatabase({ databaseUrl: undefined, dataDir });
let dataDir: string;

beforeEach(async () => {
  dataDir = join(await mkdtemp(join(tmpdir(), 'sluice-')), 'data');
});
afterEach(() => rm(join(dataDir, '..'), { recursive: true }));

describe('the embedded database', () => {
  it('makes its directory, for its owner only, and says what it is', async () => {
    const database = await open(dataDir);
    expect(database.kind).toBe('embedded');
    expect(database.describe).toBe(`${dataDir} (PGlite, PostgreSQL 18)`);
    await database.close();
    for (const made of [dataDir, join(dataDir, 'postgres')]) expect((await stat(made)).mode & 0o077).toBe(0);
    expect(await readdir(dataDir)).toEqual(['postgres']);
  });

  it('has its rows again after a restart', async () => {
    const before = await open(dataDir);
    await before.sql`CREATE TABLE kept AS SELECT 'it is here' AS note`;
    await before.close();
    const after = await open(dataDir);
    expect(await after.sql`SELECT note FROM kept`).toEqual([{ note: 'it is here' }]);
    await after.close();
  });

  it('starts anew over what an interrupted first start left', async () => {
    await mkdir(join(dataDir, 'postgres.new', 'base'), { recursive: true });
    await writeFile(join(dataDir, 'postgres.new', 'PG_VERSION'), '18\n');
    const database = await open(dataDir);
    expect(await database.sql`SELECT 1 AS one`).toEqual([{ one: 1 }]);
    await database.close();
  });

  it('asks the disk to keep each commit', async () => {
    const database = await open(dataDir);
    expect(await database.sql`SELECT current_setting('fsync') AS fsync`).toEqual([{ fsync: 'on' }]);
    await database.close();
  });

  it('lets this thread go on while a statement runs', async () => {
    const database = await open('memory://');
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await database.sql`SELECT count(*) FROM generate_series(1, 3000000)`;
    clearInterval(timer);
    expect(turns).toBeGreaterThan(20);
    await database.close();
  });

  it('forgets its log and its dead rows when there are many', { timeout: 120_000 }, async () => {
    const { sql, close } = await open('memory://');
    const look = async () => {
      const [row] = await sql<{ log: bigint; dead: bigint }[]>`
        SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), redo_lsn)::int8 AS log, n_dead_tup AS dead
        FROM pg_control_checkpoint(), pg_stat_user_tables`;
      return row;
    };
    await sql`CREATE TABLE busy (n int, filler text)`;
    // Not in one statement, which a busy machine may take for one that hangs.
    for (const _ of Array.from({ length: 30 }))
      await sql`INSERT INTO busy SELECT n, repeat('x', 1500) FROM generate_series(1, 1000) n`;
    await sql`DELETE FROM busy WHERE n > 10`;
    // What was done reaches the statistics a second later.
    await expect.poll(look, { timeout: 40_000 }).toMatchObject({ dead: 29_700n });
    expect((await look())?.log).toBeGreaterThan(40_000_000n);
    await keepHouse(sql);
    expect((await look())?.log).toBeLessThan(10_000_000n);
    await expect.poll(look, { timeout: 40_000 }).toMatchObject({ dead: 0n });
    await close();
  });
});

describe('values', () => {
  it('go in and come out as bigint, both in plain SQL and through the builder', async () => {
    const { sql, db, close } = await open('memory://');
    const amounts = pgTable('amounts', {
      nanos: bigint({ mode: 'bigint' }),
      small: bigint({ mode: 'number' }),
      note: jsonb(),
      at: timestamp({ withTimezone: true }),
    });
    const row = {
      nanos: 2n ** 62n,
      small: 7,
      note: { a: [1, null, 'é'] },
      at: new Date('2026-01-02T03:04:05.678Z'),
    };
    await sql`CREATE TABLE amounts (nanos bigint, small bigint, note jsonb, at timestamptz)`;
    await db.insert(amounts).values(row);
    expect(await db.select().from(amounts)).toEqual([row]);
    expect(await sql`SELECT nanos + ${1n} AS sum, sum(small) AS total FROM amounts GROUP BY nanos`).toEqual([
      { sum: 2n ** 62n + 1n, total: '7' },
    ]);
    await close();
  });
});

describe('ping', () => {
  it('gives up when its signal does, and the database goes on', async () => {
    const { sql, ping, close } = await open('memory://');
    const busy = sql`SELECT count(*) FROM generate_series(1, 3000000)`.execute();
    await expect(ping(AbortSignal.timeout(10))).rejects.toThrow('timeout');
    await busy;
    await ping(AbortSignal.timeout(10_000));
    await close();
    await expect(ping(AbortSignal.timeout(10_000))).rejects.toThrow('CONNECTION_ENDED');
  });
});
