import { afterEach, beforeEach, expect, it } from 'vitest';
import { createAnomalyWatch, type AnomalyWatch } from '../../src/usage/anomalies/watch.ts';
import { foldUsage } from '../../src/usage/fold.ts';
import { openTestDatabase } from '../support/test-database.ts';
import type { Database } from '../../src/db/database.ts';
import { book, factOf, foldEverything } from '../usage/support/books.ts';

/** A database on which nothing runs by itself. */
let database: Database;
let watch: AnomalyWatch;
let told = 0;
beforeEach(async () => {
  database = await openTestDatabase();
  told = 0;
  watch = createAnomalyWatch({
    database,
    config: { enabled: true, sensitivity: 8, brake: 'none', brakeMinutes: 60, minimumNanos: 1_000n },
    brakes: { find: async () => undefined, set: async () => {} },
    onRaised: () => (told += 1),
  });
});
afterEach(() => database.close());

const HOURS = 13;
const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000);

/** An hour that cost a hundred times as much as those before, of each of these keys. */
async function bookUnusual(keyIds: string[]): Promise<void> {
  const facts = keyIds.flatMap((keyId) => [
    ...Array.from({ length: HOURS }, (_, hour) => factOf({ keyId, at: hoursAgo(hour + 1), nanos: 1_000n })),
    factOf({ keyId, at: hoursAgo(0), nanos: 100_000n }),
  ]);
  await book(database, facts);
}

const foldAll = () => foldEverything(database);

async function countAlerts(): Promise<number> {
  const [row] = await database.sql<{ count: number }[]>`SELECT count(*)::int AS count FROM alerts`;
  return row!.count;
}

it('says nothing before the roll-ups are made, and then once', async () => {
  await bookUnusual(['key_1']);
  expect(await watch.look()).toBe(0);
  await foldUsage(database.db, 1);
  expect(await watch.look()).toBe(0);
  await foldAll();
  expect(await watch.look()).toBe(2);
  expect(told).toBe(1);
  expect(await watch.look()).toBe(0);
  expect([told, await countAlerts()]).toEqual([1, 2]);
});

it('judges many keys, each by its own past', async () => {
  const keys = Array.from({ length: 120 }, (_, key) => `key_${key}`);
  await bookUnusual(keys);
  await book(
    database,
    keys.map((key) => factOf({ keyId: `new_${key}`, at: hoursAgo(0), nanos: 100_000n })),
  );
  await foldAll();
  expect(await watch.look()).toBe(keys.length + 1);
  const wrong = await database.sql`
    SELECT key_id FROM alerts WHERE key_id LIKE 'new_%' OR detail ->> 'observed' <> '0.0001' AND key_id IS NOT NULL`;
  expect(wrong).toHaveLength(0);
});

it('tells an hour for itself when the next one has begun', async () => {
  await bookUnusual(['key_1']);
  await foldAll();
  await watch.look();
  const { sql } = database;
  // As if the clock had gone on by an hour, and the next one were just as unusual.
  await sql`UPDATE alerts SET about = about || ' of the hour before'`;
  const next = createAnomalyWatch({
    database,
    config: { enabled: true, sensitivity: 8, brake: 'none', brakeMinutes: 60, minimumNanos: 1_000n },
    brakes: { find: async () => undefined, set: async () => {} },
    onRaised: () => {},
  });
  expect(await next.look()).toBe(2);
});
