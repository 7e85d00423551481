import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/db/database.ts';
import { openEmbedded } from '../../src/db/embedded/embedded.ts';
import { guardTransactions } from '../../src/db/guard-transactions.ts';
import { startWriter } from './programs/start-writer.ts';

let dataDir: string;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'sluice-'));
});
afterEach(() => rm(dataDir, { recursive: true }));

describe('a process killed in the middle of its writes', () => {
  it('loses no row whose commit it was told, and tears none', async () => {
    const writer = await startWriter(dataDir);
    await expect.poll(() => writer.committed.length, { timeout: 20_000 }).toBeGreaterThan(200);
    await writer.kill();

    const { sql, close } = await openDatabase({ databaseUrl: undefined, dataDir });
    const rows = await sql<{ n: number }[]>`SELECT n FROM counted ORDER BY n`;
    expect(rows.map(({ n }) => n)).toEqual(expect.arrayContaining(writer.committed));
    expect(await sql`SELECT n FROM counted WHERE twin <> n`).toEqual([]);
    await sql`INSERT INTO counted VALUES (-1, -1)`;
    await close();
  });
});

describe('a database thread that', () => {
  const ENDLESS = 'SELECT count(*) FROM generate_series(1, 100000000000)';
  /** The engine has no shell to run a program in, and does not survive being asked. */
  const BREAKING = "COPY (SELECT 1) TO PROGRAM 'true'";
  const messages: string[] = [];

  async function open() {
    messages.length = 0;
    const database = await openEmbedded({
      dataDir,
      log: (message) => messages.push(message),
      watchdogMs: 2_000,
    });
    const sql = guardTransactions(database.sql);
    await sql`CREATE TABLE kept AS SELECT 1 AS n`;
    return { sql, close: database.close };
  }

  it('hangs is ended: its query fails, and the next one finds every committed row', async () => {
    const { sql, close } = await open();
    const hanging = sql.unsafe(ENDLESS).execute();
    const waiting = sql`SELECT n FROM kept`.execute();
    const outcomes = await Promise.allSettled([hanging, waiting]);
    expect(outcomes[0]).toMatchObject({ status: 'rejected', reason: { code: 'CONNECTION_CLOSED' } });
    expect(await sql`SELECT n FROM kept`).toEqual([{ n: 1 }]);
    expect(messages).toEqual(['the embedded database gave no sign of life for 2000 ms; starting it again']);
    await close();
  });

  it('ends in the middle of a transaction fails the transaction, whatever is asked of it afterwards', async () => {
    const { sql, close } = await open();
    const transaction = sql.begin(async (tx) => {
      await tx`INSERT INTO kept VALUES (2)`;
      await tx.unsafe(ENDLESS).catch(() => {});
      await expect(tx`SELECT 1`).rejects.toThrow('CONNECTION_CLOSED');
      return 'done';
    });
    await expect(transaction).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
    expect(await sql`SELECT n FROM kept`).toEqual([{ n: 1 }]);
    await close();
  });

  it('breaks down over a statement fails that statement, and is started again', async () => {
    const { sql, close } = await open();
    await expect(sql.unsafe(BREAKING)).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
    expect(await sql`SELECT n FROM kept`).toEqual([{ n: 1 }]);
    expect(messages).toEqual([
      'the embedded database crashed: the engine broke down over a statement; starting it again',
    ]);
    await close();
  });

  it('keeps breaking down is started again at a growing distance, and refuses work meanwhile', async () => {
    const { sql, close } = await open();
    await expect(sql.unsafe(BREAKING)).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
    await expect(sql.unsafe(BREAKING)).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
    await expect(sql`SELECT n FROM kept`).rejects.toThrow('the embedded database is down');
    await expect.poll(() => sql`SELECT n FROM kept`.catch(() => []), { timeout: 20_000 }).toEqual([{ n: 1 }]);
    await close();
  });

  it('is given deep JSON refuses it as PostgreSQL does', async () => {
    const { sql, close } = await open();
    const deep = '['.repeat(300_000) + ']'.repeat(300_000);
    await expect(sql`SELECT ${deep}::text::jsonb`).rejects.toMatchObject({ code: '54001' });
    expect(await sql`SELECT n FROM kept`).toEqual([{ n: 1 }]);
    await close();
  });
});
