import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../src/db/database.ts';
import { appendEvent, readAfter, type OutboxEvent } from '../../src/events/outbox.ts';
import { createRelay, type Relay } from '../../src/events/relay.ts';
import { openTestDatabase } from '../support/test-database.ts';

let database: Database;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());

const settled = (subjectId: string): OutboxEvent => ({
  kind: 'COMPLETION_SETTLED',
  organisationId: 'org_1',
  subjectId,
});

/** A relay that looks often, with all it has told; it is closed when it goes out of scope. */
async function listen(onError: (error: unknown) => void = () => {}) {
  const relay: Relay = await createRelay(database.sql, { pollMs: 20, onError });
  const heard: string[] = [];
  const stop = relay.listen(({ subjectId }) => heard.push(subjectId));
  return {
    relay,
    heard,
    stop,
    async until(count: number) {
      while (heard.length < count) await new Promise((resolve) => setTimeout(resolve, 5));
      return heard;
    },
    [Symbol.asyncDispose]: () => relay.close(),
  };
}

/** As long as any older transaction is open on the server, what was just written still counts as present. */
async function untilPast(): Promise<void> {
  const readPresent = () => database.sql`
    SELECT seq FROM outbox WHERE transaction >= pg_snapshot_xmin(pg_current_snapshot())`;
  while ((await readPresent()).length > 0) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('a relay', () => {
  it('tells what is committed from now on, once and in order', async () => {
    await appendEvent(database.sql, settled('before'));
    await untilPast();
    await using one = await listen();
    await using other = await listen();
    const names = Array.from({ length: 30 }, (_, index) => `event ${index}`);
    for (const name of names) await appendEvent(database.sql, settled(name));
    expect(await one.until(30)).toEqual(names);
    expect(await other.until(30)).toEqual(names);
  });

  it('tells all of a burst that is larger than one read', async () => {
    await using one = await listen();
    await database.sql`INSERT INTO outbox (organisation_id, kind, subject_id)
      SELECT 'org_1', 'COMPLETION_SETTLED', 'burst ' || n FROM generate_series(1, 2500) n`;
    expect(await one.until(2_500)).toEqual(Array.from({ length: 2_500 }, (_, index) => `burst ${index + 1}`));
  });

  it('tells nothing that was rolled back', async () => {
    await using one = await listen();
    const failed = database.sql.begin(async (tx) => {
      await tx`INSERT INTO outbox (organisation_id, kind, subject_id) VALUES ('org_1', 'KEY_CHANGED', 'never')`;
      throw new Error('no');
    });
    await expect(failed).rejects.toThrow('no');
    await appendEvent(database.sql, settled('after'));
    expect(await one.until(1)).toEqual(['after']);
  });

  it.skipIf(!process.env['SLUICE_TEST_DATABASE_URL'])(
    'misses nothing of a transaction that began first and ends last',
    async () => {
      await using one = await listen();
      const written = Promise.withResolvers<void>();
      const release = Promise.withResolvers<void>();
      const slow = database.sql.begin(async (tx) => {
        await tx`INSERT INTO outbox (organisation_id, kind, subject_id) VALUES ('org_1', 'KEY_CHANGED', 'slow')`;
        written.resolve();
        await release.promise;
      });
      await written.promise;
      await appendEvent(database.sql, settled('quick'));
      await new Promise((resolve) => setTimeout(resolve, 100));
      release.resolve();
      await slow;
      expect(await one.until(2)).toEqual(['slow', 'quick']);
    },
  );

  it.skipIf(!process.env['SLUICE_TEST_DATABASE_URL'])(
    'tells who may do what before its turn, and once, while an older transaction goes on',
    async () => {
      await using one = await listen();
      const release = Promise.withResolvers<void>();
      const begun = Promise.withResolvers<void>();
      const slow = database.sql.begin(async (tx) => {
        await tx`SELECT pg_current_xact_id()`;
        begun.resolve();
        await release.promise;
      });
      await begun.promise;
      await appendEvent(database.sql, settled('in its turn'));
      for (const kind of ['KEY_CHANGED', 'USER_CHANGED', 'ROLE_CHANGED'] as const)
        await appendEvent(database.sql, { ...settled(kind), kind });
      expect(await one.until(3)).toEqual(['KEY_CHANGED', 'USER_CHANGED', 'ROLE_CHANGED']);
      release.resolve();
      await slow;
      await appendEvent(database.sql, settled('the last'));
      expect((await one.until(5)).slice(3)).toEqual(['in its turn', 'the last']);
    },
  );

  it('goes on from the same place when the outbox could not be read', async () => {
    const errors: unknown[] = [];
    await using one = await listen((error) => errors.push(error));
    await database.sql`ALTER TABLE outbox RENAME TO outbox_elsewhere`;
    while (errors.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await database.sql`ALTER TABLE outbox_elsewhere RENAME TO outbox`;
    await appendEvent(database.sql, settled('after the failure'));
    expect(await one.until(1)).toEqual(['after the failure']);
  });

  it('tells one who has stopped listening nothing more', async () => {
    await using one = await listen();
    await using other = await listen();
    one.stop();
    await appendEvent(database.sql, settled('too late'));
    await other.until(1);
    expect(one.heard).toEqual([]);
  });
});

it('the outbox is read in the order of transactions by their number, also where that gains a digit', async () => {
  await database.sql`INSERT INTO outbox (transaction, organisation_id, kind, subject_id) VALUES
    ('10', 'org_1', 'COMPLETION_SETTLED', 'later'), ('9', 'org_1', 'COMPLETION_SETTLED', 'sooner')`;
  const read = await readAfter(database.sql, { transaction: '8', seq: 0n }, 2);
  expect(read.map(({ subjectId }) => subjectId)).toEqual(['sooner', 'later']);
});
