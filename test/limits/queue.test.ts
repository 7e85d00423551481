import { afterAll, describe, expect, it } from 'vitest';
import {
  completionOf,
  create,
  createKey,
  listCompletions,
  say,
  STREAM,
  type Input,
} from '../completion/support/completions.ts';
import { STREAMING, subscribe } from '../completion/support/streams.ts';
import { startVendor, type Call } from '../completion/support/vendor.ts';
import { DEFAULTS } from '../support/defaults.ts';
import { expectBooksToBalance, expectNothingHeld } from '../support/books.ts';
import { post } from '../server/support/client.ts';
import { ADMIN_KEY, bootGateway, useGateway, type TestGateway } from '../support/gateway.ts';
import { createTestDatabase } from '../support/test-database.ts';
import { findUpstream, waitForUpstream } from './support/upstreams.ts';

const vendor = await startVendor();
afterAll(() => vendor.close());
const config = {
  providers: [vendor.config],
  limits: { ...DEFAULTS.limits, upstreamCalls: 2, queue: { length: 3, waitMs: 120_000 } },
};
const gateway = useGateway({ config });

const LATENCY = 'query ($id: ID!) { completion(id: $id) { latency { queueMs } } }';
const queueMsOf = async (id: string) =>
  (await gateway().ask(LATENCY, { id })).data.completion.latency.queueMs;
const ask = (text: string, more: Input = {}, key?: string, at: TestGateway = gateway()) =>
  create(at, say('vendor/model', text, more), key === undefined ? {} : { key });
/** What the vendor was asked. */
const wordsOf = async ({ body }: Call) => {
  const { messages } = (await body) as { messages: { content: string }[] };
  return messages[0]?.content;
};
function answer(call: Call): void {
  call.say('Hi');
  call.finish();
}
const untilQueued = (count: number, at: TestGateway = gateway()) =>
  waitForUpstream(at, ({ queued }) => queued === count);

/** As many calls as may be under way, so that whatever comes next waits. */
async function fillWindow() {
  const done = Promise.all([ask('busy'), ask('busy')]);
  return { calls: [await vendor.nextCall(), await vendor.nextCall()], done };
}

describe('requests for a model that has as much to do as it may', () => {
  it('wait, and their wait is told', async () => {
    const { calls, done } = await fillWindow();
    const waiting = ask('patient');
    await untilQueued(1);
    expect(await findUpstream(gateway())).toMatchObject({ window: 2, inFlight: 2, queued: 1, pausedMs: 0 });
    calls.forEach(answer);
    answer(await vendor.nextCall());
    const { id, status } = completionOf(await waiting);
    expect(status).toBe('SUCCEEDED');
    const [busy] = await done;
    expect(await queueMsOf(id)).toBeGreaterThan(await queueMsOf(completionOf(busy).id));
  });

  it('are refused as data when as many wait as may, before the vendor is called', async () => {
    const { calls, done } = await fillWindow();
    const before = vendor.calls;
    const tags = [{ key: 'of', value: 'the full queue' }];
    const waiting = [1, 2, 3].map(() => ask('patient', { tags }));
    await untilQueued(3);
    const refused = {
      __typename: 'RateLimitedError',
      code: 'RATE_LIMITED',
      message: expect.stringContaining('vendor/model has as many requests waiting'),
      retryAfterMs: expect.any(Number),
    };
    expect(await ask('one too many', { tags })).toMatchObject({ completion: null, errors: [refused] });
    const query =
      'mutation ($input: CompletionInput!) { completionCreate(input: $input) { errors { code } } }';
    const over = await post(
      gateway().url,
      { query, variables: { input: say('vendor/model', 'one too many') } },
      {
        headers: { authorization: `Bearer ${ADMIN_KEY}` },
      },
    );
    expect(Number(over.headers.get('retry-after'))).toBeGreaterThan(0);
    for (const transport of STREAMING) {
      const variables = { input: say('vendor/model', 'one too many', { tags }) };
      const stream = await subscribe(transport, gateway(), { query: STREAM, variables });
      expect(await stream.rest()).toMatchObject([
        { __typename: 'CompletionFailed', failureReason: 'FAILED', partial: null, errors: [refused] },
      ]);
    }
    expect(vendor.calls).toBe(before);
    expect(await listCompletions(gateway(), { tag: tags[0] })).toEqual([]);
    calls.forEach(answer);
    for (const _ of waiting) answer(await vendor.nextCall());
    await Promise.all([done, ...waiting]);
  });

  it('are served by key and not in the order in which they came', async () => {
    const other = await createKey(gateway());
    const { calls, done } = await fillWindow();
    const greedy = [1, 2].map((n) => ask(`greedy ${n}`));
    await untilQueued(2);
    const modest = ask('modest', {}, other.secret);
    await untilQueued(3);
    const order: unknown[] = [];
    for (const call of calls) answer(call);
    for (let i = 0; i < 3; i += 1) {
      const call = await vendor.nextCall();
      order.push(await wordsOf(call));
      answer(call);
    }
    expect(order.indexOf('modest')).toBeLessThan(2);
    await Promise.all([done, modest, ...greedy]);
  });

  it('with the priority BATCH go last', async () => {
    const { calls, done } = await fillWindow();
    const nightly = ask('nightly', { priority: 'BATCH' });
    await untilQueued(1);
    const person = ask('person', { priority: 'INTERACTIVE' });
    await untilQueued(2);
    answer(calls[0]!);
    const next = await vendor.nextCall();
    expect(await wordsOf(next)).toBe('person');
    answer(next);
    answer(calls[1]!);
    answer(await vendor.nextCall());
    expect(completionOf(await nightly).status).toBe('SUCCEEDED');
    await Promise.all([done, person]);
  });

  it('name the priority that is none', async () => {
    const { errors } = await gateway().ask(
      'mutation { completionCreate(input: { model: "vendor/model", source: { text: "hi" }, priority: URGENT }) { errors { code } } }',
    );
    expect(errors?.[0]?.message).toContain('URGENT');
  });
});

describe('who leaves while waiting', () => {
  it('over a socket is neither called for, nor charged, nor in the way of others', async () => {
    const { calls, done } = await fillWindow();
    const before = vendor.calls;
    const tag = { key: 'left', value: 'WS' };
    const variables = { input: say('vendor/model', 'impatient', { tags: [tag] }) };
    const stream = await subscribe('WS', gateway(), { query: STREAM, variables });
    await untilQueued(1);
    stream.leave();
    await untilQueued(0);
    calls.forEach(answer);
    await done;
    expect(vendor.calls).toBe(before);
    expect(await listCompletions(gateway(), { tag })).toEqual([]);
  });

  it('over HTTP is neither called for nor charged', async () => {
    const { calls, done } = await fillWindow();
    const before = vendor.calls;
    const leaving = new AbortController();
    const tag = { key: 'left', value: 'HTTP' };
    const query =
      'mutation ($input: CompletionInput!) { completionCreate(input: $input) { errors { code } } }';
    const variables = { input: say('vendor/model', 'impatient', { tags: [tag] }) };
    const left = gateway()
      .ask(query, variables, { signal: leaving.signal })
      .catch(() => 'left');
    await untilQueued(1);
    leaving.abort();
    expect(await left).toBe('left');
    await untilQueued(0);
    calls.forEach(answer);
    await done;
    expect(vendor.calls).toBe(before);
    expect(await listCompletions(gateway(), { tag })).toEqual([]);
  });
});

describe('SIGTERM while requests wait', () => {
  async function fill() {
    const { databaseUrl, drop } = await createTestDatabase();
    const here = await bootGateway({ config, databaseUrl });
    const running = [ask('running', {}, undefined, here), ask('running', {}, undefined, here)];
    const calls = [await vendor.nextCall(), await vendor.nextCall()];
    const waiting = ask('waiting', {}, undefined, here);
    await untilQueued(1, here);
    const stop = async (drainMs: number) => {
      await here.stop(drainMs);
      await drop();
    };
    return { here, calls, running, waiting, stop };
  }

  it('lets them have their turn while there is time', async () => {
    const { calls, waiting, running, stop } = await fill();
    const stopped = stop(60_000);
    calls.forEach(answer);
    answer(await vendor.nextCall());
    expect(completionOf(await waiting).status).toBe('SUCCEEDED');
    await Promise.all(running);
    await stopped;
  });

  it('refuses them when there is none, and nothing is held', async () => {
    const { here, waiting, running, stop } = await fill();
    const before = vendor.calls;
    const late = AbortSignal.timeout(0);
    await here.gateway.runs.drain(late);
    expect(await waiting).toMatchObject({ completion: null, errors: [{ code: 'CANCELLED' }] });
    await Promise.all(running);
    await expectNothingHeld(here.gateway.database);
    await expectBooksToBalance(here.gateway.database);
    await stop(0);
    expect(vendor.calls).toBe(before);
  });
});

it('only an admin is told how the upstreams are doing', async () => {
  const { secret } = await createKey(gateway());
  const { errors } = await gateway().ask('{ providers { upstreams { queued } } }', {}, { key: secret });
  expect(errors?.[0]).toMatchObject({ extensions: { code: 'FORBIDDEN' } });
});
