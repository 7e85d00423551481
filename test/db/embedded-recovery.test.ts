import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/db/database.ts';
import { openEmbedded } from '../../src/db/embedded/embedded.ts';
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
  const messages: string[] = [];

  async function open() {
    messages.length = 0;
    const database = await openEmbedded({ dataDir, log: (message) => messages.push(message), watchdogMs: 300 });
    await database.sql`CREATE TABLE kept AS SELECT 1 AS n`;
    return database;
  }

  it('hangs is ended: its query fails, and the next one finds every committed row', async () => {
    const { sql, close } = await open();
    const hanging = sql.unsafe(ENDLESS).execute();
    const waiting = sql`SELECT n FROM kept`.execute();
    const outcomes = await Promise.allSettled([hanging, waiting]);
    expect(outcomes[0]).toMatchObject({ status: 'rejected', reason: { code: 'CONNECTION_CLOSED' } });
    expect(await sql`SELECT n FROM kept`).toEqual([{ n: 1 }]);
    expect(messages).toEqual(['the embedded database gave no sign of life for 300 ms; starting it again']);
    await close();
  });

  it('ends in the middle of a transaction fails the transaction, whatever is asked of it afterwards', async () => {
    const { sql, close } = await open();
    const transaction = sql.begin(async (tx) => {
      await tx`INSERT INTO kept VALUES (2)`;
      await tx.unsafe(ENDLESS).catch(() => {});
      await expect(tx`SELECT 1`).rejects.toThrow();
      return 'done';
    });
    await expect(transaction).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
    expect(await sql`SELECT n FROM kept`).toEqual([{ n: 1 }]);
    await close();
  });

  it('keeps ending is started again, at a growing distance', async () => {
    const { sql, close } = await open();
    for (let time = 0; time < 2; time++) {
      await expect(sql.unsafe(ENDLESS)).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
      await expect.poll(() => sql`SELECT n FROM kept`.catch(() => []), { timeout: 10_000 }).toEqual([{ n: 1 }]);
    }
    expect(messages).toHaveLength(2);
    await close();
  });
});
