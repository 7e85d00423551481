import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openDatabase } from '../../src/db/database.ts';
import { expectBooksToBalance, expectNothingHeld } from '../support/books.ts';
import { bootGateway, useGateway } from '../support/gateway.ts';
import { createTestDatabase } from '../support/test-database.ts';
import {
  completionOf,
  create,
  CREATE,
  listCompletions,
  say,
  STREAM,
  TIMEOUTS,
  waitForCompletion,
} from './support/completions.ts';
import { isTerminal, STREAMING, subscribe } from './support/streams.ts';
import { startVendor } from './support/vendor.ts';

const vendor = await startVendor();
afterAll(() => vendor.close());
const gateway = useGateway({
  config: { providers: [vendor.config], timeouts: { ...TIMEOUTS, holdMs: 600 } },
});
const ASK = say('vendor/model', 'Hi');
let tags = 0;
const newTag = () => ({ key: 'failure', value: String((tags += 1)) });

const sql = () => gateway().gateway.database.sql;
const hideTable = async () => {
  await sql()`ALTER TABLE completions RENAME TO completions_elsewhere`;
};
const showTable = async () => {
  await sql()`ALTER TABLE completions_elsewhere RENAME TO completions`;
};

async function waitUntil(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 5));
}
const wasLogged = (message: string) => () => gateway().logs.some((line) => line.includes(message));

describe('a database that fails before the vendor is called', () => {
  it('refuses the completion, and nothing is started', async () => {
    const before = vendor.calls;
    await hideTable();
    try {
      const { data, errors } = await gateway().ask(CREATE, { input: ASK });
      expect(data).toBeNull();
      expect(errors).toMatchObject([{ path: ['completionCreate'], extensions: { code: 'UNAVAILABLE' } }]);
      expect(errors?.[0]?.message).not.toContain('relation');
    } finally {
      await showTable();
    }
    expect(vendor.calls).toBe(before);
  });

  it.each(STREAMING)('refuses the stream over %s', async (transport) => {
    await hideTable();
    try {
      const stream = await subscribe(transport, gateway(), { query: STREAM, variables: { input: ASK } });
      await expect(stream.rest()).rejects.toThrow('UNAVAILABLE');
    } finally {
      await showTable();
    }
  });

  it('leaves its idempotency key free', async () => {
    const variables = { input: say('demo/echo', 'Again'), key: 'free' };
    await hideTable();
    try {
      const { errors } = await gateway().ask(CREATE, variables);
      expect(errors).toHaveLength(1);
    } finally {
      await showTable();
    }
    const { completion } = await create(gateway(), variables.input, { idempotencyKey: 'free' });
    expect(completion).toMatchObject({ status: 'SUCCEEDED', text: 'Again' });
  });
});

describe('a database that is slow to take a hold', () => {
  it('gives the hold back when its caller has left meanwhile', async () => {
    const tag = newTag();
    const before = vendor.calls;
    const controller = new AbortController();
    const locked = Promise.withResolvers<void>();
    const unlock = Promise.withResolvers<void>();
    const transaction = sql().begin(async (tx) => {
      await tx`LOCK TABLE completions IN ACCESS EXCLUSIVE MODE`;
      locked.resolve();
      await unlock.promise;
    });
    await locked.promise;
    const input = { ...ASK, tags: [tag] };
    const asking = gateway().ask(CREATE, { input }, { signal: controller.signal });
    await new Promise((resolve) => setTimeout(resolve, 100));
    controller.abort();
    await expect(asking).rejects.toThrow('aborted');
    unlock.resolve();
    await transaction;
    const completion = await waitForCompletion(gateway(), tag);
    expect(completion).toMatchObject({
      status: 'CANCELLED',
      usage: { total: 0, source: 'NONE' },
      cost: { amount: '0' },
      attempts: [],
    });
    expect(vendor.calls).toBe(before);
  });
});

describe('a database that fails when the vendor has answered', () => {
  it('is asked again until it takes the settlement', async () => {
    const asking = create(gateway(), ASK);
    const call = await vendor.nextCall();
    await hideTable();
    call.say('Hello');
    call.finish();
    await waitUntil(wasLogged('settlement failed, trying again'));
    await showTable();
    expect(completionOf(await asking)).toMatchObject({
      status: 'SUCCEEDED',
      text: 'Hello',
      usage: { input: 10, output: 20 },
      cost: { amount: '0.00003' },
    });
  });

  it('for longer than a hold stands: whoever still lives settles it, and not the recovery', async () => {
    const before = gateway().logs.length;
    const asking = create(gateway(), ASK);
    const call = await vendor.nextCall();
    await hideTable();
    call.say('Hello');
    call.finish();
    const ranOut = async () =>
      (
        await sql()`SELECT FROM completions_elsewhere WHERE hold_state = 'PENDING' AND hold_expires_at < now()`
      ).length === 1;
    await waitUntil(ranOut);
    const hasMissedBeats = () =>
      gateway()
        .logs.slice(before)
        .some((line) => line.includes('"heartbeat"'));
    await waitUntil(hasMissedBeats);
    await showTable();
    await gateway().gateway.recover();
    expect(completionOf(await asking)).toMatchObject({
      status: 'SUCCEEDED',
      usage: { input: 10, output: 20 },
      cost: { amount: '0.00003' },
    });
  });

  it.skipIf(!process.env['SLUICE_TEST_DATABASE_URL'])(
    'or that cuts every connection loses nothing',
    async () => {
      const streams = await Promise.all(
        Array.from({ length: 20 }, () =>
          subscribe('SSE', gateway(), {
            query: STREAM,
            variables: { input: say('demo/echo', 'word '.repeat(40)), coalesceMs: 0 },
          }),
        ),
      );
      await Promise.all(streams.map((stream) => stream.next()));
      const all = Promise.all(streams.map((stream) => stream.rest()));
      await sql()`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()`.catch(
        () => {},
      );
      for (const events of await all) {
        expect(events.filter(isTerminal)).toEqual([events.at(-1)]);
        expect(events.at(-1)?.completion?.status).toBe('SUCCEEDED');
      }
      // A connection of postgres.js tells of its cut once more, to its first query when it is back.
      await Promise.allSettled(Array.from({ length: 20 }, () => sql()`SELECT pg_sleep(0.05)`));
    },
  );
});

describe('a process that was taken for dead', () => {
  /** As if it had been frozen for longer than its hold stands. */
  async function recoverWhileRunning(id: string): Promise<void> {
    const expireAndRecover = async () => {
      await sql()`UPDATE completions SET hold_expires_at = now() - interval '1 second' WHERE id = ${id}`;
      await gateway().gateway.recover();
      const [row] = await sql()`SELECT hold_state FROM completions WHERE id = ${id}`;
      return row?.['hold_state'] === 'EXPIRED';
    };
    await waitUntil(expireAndRecover);
  }

  it.each(STREAMING)(
    'is told by its heartbeat and hangs up; its stream over %s ends as it was recovered',
    async (transport) => {
      const tag = newTag();
      const variables = { input: { ...ASK, tags: [tag] }, coalesceMs: 0 };
      const stream = await subscribe(transport, gateway(), { query: STREAM, variables });
      const started = await stream.next();
      const call = await vendor.nextCall();
      call.say('Hello there');
      expect((await stream.next())?.text).toBe('Hello there');
      await recoverWhileRunning(started?.completionId ?? '');
      await call.closed;
      const rest = await stream.rest();
      expect(rest).toMatchObject([{ __typename: 'CompletionFailed', failureReason: 'INTERRUPTED' }]);
      expect(await listCompletions(gateway(), { tag })).toEqual([rest[0]?.partial]);
      expect(rest[0]?.partial).toMatchObject({ status: 'INTERRUPTED', failure: { reason: 'INTERRUPTED' } });
    },
  );

  it('is not charged twice when the vendor finishes all the same', async () => {
    const asking = create(gateway(), ASK);
    const call = await vendor.nextCall();
    const [{ id } = { id: '' }] = await listCompletions(gateway(), { status: ['RUNNING'] });
    call.say('Hello');
    await recoverWhileRunning(id);
    call.finish();
    expect(await asking).toMatchObject({ completion: { id, status: 'INTERRUPTED', finishReason: 'ERROR' } });
  });

  it('has been charged for what its last heartbeat had seen', async () => {
    const stream = await subscribe('SSE', gateway(), { query: STREAM, variables: { input: ASK } });
    const id = (await stream.next())?.completionId ?? '';
    const call = await vendor.nextCall();
    call.say('one two three four five');
    await waitUntil(async () => {
      const [row] = await sql()`SELECT seen_output_tokens FROM completions WHERE id = ${id}`;
      return row?.['seen_output_tokens'] === 5;
    });
    await recoverWhileRunning(id);
    const [end] = (await stream.rest()).filter(isTerminal);
    expect(end?.partial).toMatchObject({
      status: 'INTERRUPTED',
      usage: { input: 1, output: 5, source: 'ESTIMATED' },
      cost: { amount: '0.000006' },
    });
  });
});

describe('a gateway that stops', () => {
  it('does not wait for a database that takes nothing, and the next one settles what was left', async () => {
    const { databaseUrl, drop } = await createTestDatabase();
    const directory = await mkdtemp(join(tmpdir(), 'sluice-stop-'));
    const place = { databaseUrl, dataDir: join(directory, 'data') };
    const config = { providers: [vendor.config], timeouts: { ...TIMEOUTS, holdMs: 300 } };
    try {
      const before = await bootGateway({ ...place, config });
      const stream = await subscribe('SSE', before, { query: STREAM, variables: { input: ASK } });
      const id = (await stream.next())?.completionId ?? '';
      const call = await vendor.nextCall();
      call.say('Hello');
      await before.gateway.database.sql`ALTER TABLE completions RENAME TO completions_elsewhere`;
      await Promise.all([before.stop(0), call.closed, stream.rest().catch(() => {})]);

      const mended = await openDatabase(place);
      await mended.sql`ALTER TABLE completions_elsewhere RENAME TO completions`;
      await mended.close();
      const after = await bootGateway({ ...place, config });
      await expectNothingHeld(after.gateway.database);
      await expectBooksToBalance(after.gateway.database);
      const [row] = await after.gateway.database.sql`SELECT status FROM completions WHERE id = ${id}`;
      expect(row).toEqual({ status: 'INTERRUPTED' });
      await after.stop(0);
    } finally {
      await drop();
      await rm(directory, { recursive: true, force: true });
    }
  });
});
