import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { expectBooksToBalance, expectNothingHeld } from '../support/books.ts';
import { bootGateway, type TestGateway } from '../support/gateway.ts';
import { createTestDatabase } from '../support/test-database.ts';
import { cancel, completionOf, create, EVENTS, say, STREAM } from './support/completions.ts';
import { isTerminal, subscribe, textOf, typeOf } from './support/streams.ts';
import { startVendor, type Vendor } from './support/vendor.ts';

const { databaseUrl, drop } = await createTestDatabase();
afterAll(drop);

describe.skipIf(databaseUrl === undefined)('two instances on one database', () => {
  let vendor: Vendor;
  let here: TestGateway;
  let there: TestGateway;
  beforeAll(async () => {
    vendor = await startVendor();
    const variables = { SLUICE_SECRET: 'of-both-instances-Jw82nfLqPz61' };
    const boot = () => bootGateway({ databaseUrl, variables, config: { providers: [vendor.config] } });
    here = await boot();
    there = await boot();
  });
  afterEach(async () => {
    await expectNothingHeld(here.gateway.database);
    await expectBooksToBalance(here.gateway.database);
  });
  afterAll(async () => {
    await Promise.all([here.stop(0), there.stop(0)]);
    await vendor.close();
  });
  const ASK = say('vendor/model', 'Hi');
  const stream = (gateway: TestGateway, variables: object) =>
    subscribe('SSE', gateway, { query: STREAM, variables: { coalesceMs: 0, ...variables } });

  it('stop what the other one runs', async () => {
    const running = await stream(here, { input: ASK });
    const id = (await running.next())?.completionId ?? '';
    const call = await vendor.nextCall();
    call.say('Hello');
    await running.next();
    const { completion } = await cancel(there, id);
    await call.closed;
    expect(completion).toMatchObject({ status: 'CANCELLED', text: 'Hello' });
    expect(await running.rest()).toMatchObject([{ failureReason: 'CANCELLED', partial: completion }]);
  });

  it('let a reader attach to what the other one runs', async () => {
    const running = await stream(here, { input: ASK });
    const id = (await running.next())?.completionId;
    const call = await vendor.nextCall();
    const other = await subscribe('WS', there, { query: EVENTS, variables: { id } });
    expect(await other.next()).toMatchObject({
      __typename: 'CompletionStarted',
      completion: { status: 'RUNNING' },
    });
    call.say('Hello ');
    call.say('there');
    call.finish();
    const [ended, followed] = await Promise.all([running.rest(), other.rest()]);
    expect(textOf(followed)).toBe('Hello there');
    expect(followed.at(-1)?.completion).toEqual(ended.at(-1)?.completion);
  });

  it('with one idempotency key make one call and one charge', async () => {
    const before = vendor.calls;
    const asking = [here, there, here, there].map((each) => create(each, ASK, { idempotencyKey: 'both' }));
    const call = await vendor.nextCall();
    call.say('Hello');
    call.finish();
    const [first, ...others] = (await Promise.all(asking)).map(completionOf);
    expect(first).toMatchObject({ status: 'SUCCEEDED', text: 'Hello' });
    for (const other of others) expect(other).toEqual(first);
    expect(vendor.calls).toBe(before + 1);
  });

  it('stop by an idempotency key what the other one runs', async () => {
    const variables = { input: ASK, key: 'stopped elsewhere' };
    const running = await stream(here, variables);
    const id = (await running.next())?.completionId ?? '';
    const call = await vendor.nextCall();
    const other = await stream(there, variables);
    await other.next();
    const { completion } = await cancel(there, id);
    await call.closed;
    for (const events of [await running.rest(), await other.rest()]) {
      expect(events.filter(isTerminal)).toMatchObject([{ failureReason: 'CANCELLED', partial: completion }]);
    }
  });

  it('go on with a stream of the other one from its beginning, and say so', async () => {
    const variables = { input: ASK, key: 'moved' };
    const first = await stream(here, variables);
    const started = await first.next();
    const call = await vendor.nextCall();
    call.say('Hello');
    const after = (await first.next())?.cursor;
    const moved = await stream(there, { ...variables, after });
    expect(typeOf(await moved.next())).toBe('CompletionReset');
    first.leave();
    call.finish();
    const rest = await moved.rest();
    expect(rest[0]?.completionId).toBe(started?.completionId);
    expect(textOf(rest)).toBe('Hello');
    expect(typeOf(rest.at(-1))).toBe('CompletionFinished');
  });
});
