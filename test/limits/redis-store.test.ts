import fc from 'fast-check';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MemoryStore } from '../../src/limits/memory-store.ts';
import { createRedisStore } from '../../src/limits/redis-store.ts';
import { openSharedStore } from '../../src/limits/shared-store.ts';
import { SLOTS, type Draw, type LimitStore, type Receipt } from '../../src/limits/store.ts';
import { NO_REDIS, startOwnRedis, type OwnRedis } from './support/own-redis.ts';

/** So long that nothing leaves while a test runs. */
const LONG_MS = 60_000_000;
const WITHIN = { timeout: 10_000 };
const windowOf = (key: string, max: number, amount = 1): Draw => ({ key, kind: 'window', max, amount });
const placeOf = (key: string, max: number): Draw => ({ key, kind: 'slots', max, amount: 1 });

describe.skipIf(NO_REDIS)('limits in Redis', () => {
  let redis: OwnRedis;
  const open: LimitStore[] = [];
  let instances = 0;

  beforeAll(async () => {
    redis = await startOwnRedis();
  });
  afterAll(async () => {
    for (const store of open) store.close();
    await redis[Symbol.asyncDispose]();
  });

  /** One more instance beside the others. */
  async function openInstance(prefix: string, minuteMs = LONG_MS): Promise<LimitStore> {
    instances += 1;
    const store = await openSharedStore({
      redisUrl: redis.url,
      instanceId: `inst_${instances}`,
      prefix,
      minuteMs,
      answerWithinMs: 5_000,
      monotonicMs: () => performance.now(),
      onChange: () => {},
    });
    open.push(store);
    return store;
  }

  it('let not one too many pass, however many ask at once on two instances', async () => {
    const two = await Promise.all([openInstance('many:'), openInstance('many:')]);
    const draws = [windowOf('requests', 50), windowOf('tokens', 1_000, 7), placeOf('places', 40)];
    const all = await Promise.all(
      Array.from({ length: 400 }, (_, n) => two[n % 2]!.take(`lease ${n}`, draws)),
    );
    expect(all.filter(({ taken }) => taken)).toHaveLength(40);
    const { levels } = await two[0].peek(draws);
    expect(levels).toMatchObject([{ remaining: 10 }, { remaining: 720 }, { remaining: 0 }]);
  });

  it('let not one too many pass in any minute, while minutes go by', async () => {
    const two = await Promise.all([openInstance('flow:', 600), openInstance('flow:', 600)]);
    const slots: number[] = [];
    const call = async (n: number) => {
      for (let turn = 0; turn < 150; turn += 1) {
        const { taken, slot } = await two[n % 2]!.take('', [windowOf('requests', 10)]);
        if (taken) slots.push(slot);
        else await new Promise((resolve) => setTimeout(resolve, 9));
      }
    };
    await Promise.all(Array.from({ length: 8 }, (_, n) => call(n)));
    const most = slots.map((end) => slots.filter((slot) => slot > end - SLOTS && slot <= end).length);
    expect(Math.max(...most)).toBe(10);
    expect(slots.length).toBeGreaterThan(10);
  });

  it('do what the limits in memory do', async () => {
    const store = await openInstance('model:');
    const KEYS = ['a', 'b', 'c'];
    const step = fc.record({
      keys: fc.subarray(KEYS, { minLength: 1 }),
      amount: fc.integer({ min: 0, max: 9 }),
      places: fc.boolean(),
      settle: fc.option(fc.integer({ min: -9, max: 9 })),
    });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (history) => {
        run += 1;
        const model = new MemoryStore(() => 1, LONG_MS);
        const receipts: Receipt[] = [];
        for (const [turn, { keys, amount, places, settle }] of history.entries()) {
          const draws = keys.map((key) => windowOf(`${run} ${key}`, 20, amount));
          if (places) draws.push(placeOf(`${run} places`, 3));
          const lease = `${run} ${turn}`;
          const theirs = await store.take(lease, draws);
          const ours = model.take(lease, draws);
          const seen = ({ taken, levels }: typeof ours) => [taken, levels.map(({ remaining }) => remaining)];
          expect(seen(theirs)).toEqual(seen(ours));
          if (theirs.receipt) receipts.push(theirs.receipt);
          const over = settle === null ? undefined : receipts.shift();
          if (over && settle !== null) {
            const by = new Map(
              over.draws.filter(({ kind }) => kind === 'window').map(({ key }) => [key, settle]),
            );
            await store.settle(over, by);
            model.correct([...by].map(([key, change]) => ({ key, by: change, slot: ours.slot })));
            model.places.release(over.lease, [`${run} places`]);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it('keep nothing for ever', async () => {
    const store = await openInstance('expiry:', 600);
    await store.take('lease', [windowOf('requests', 10), placeOf('places', 5)]);
    const client = new Redis(redis.url);
    for (const key of await client.keys('expiry:*')) expect(await client.pttl(key), key).toBeGreaterThan(0);
    await expect.poll(() => client.exists('expiry:requests'), WITHIN).toBe(0);
    client.disconnect();
  });

  it('give the places of an instance that died to others, and keep those of one that lives', async () => {
    const [dying, living] = [await openInstance('dead:'), await openInstance('dead:')];
    await dying.take('one', [placeOf('places', 2)]);
    await living.take('two', [placeOf('places', 2)]);
    dying.close();
    const client = new Redis(redis.url);
    // Time passes: nobody has said for long that the two are still needed.
    await client.zadd('dead:places', 'XX', 1, 'one', 1, 'two');
    await expect.poll(() => client.zscore('dead:places', 'two'), WITHIN).not.toBe('1');
    client.disconnect();
    expect((await living.take('three', [placeOf('places', 2)])).taken).toBe(true);
    expect((await living.take('four', [placeOf('places', 2)])).taken).toBe(false);
  });

  it('give no place a second life that ends while very many are kept alive', async () => {
    const minuteMs = LONG_MS;
    const options = {
      redisUrl: redis.url,
      instanceId: 'many',
      prefix: 'many:',
      minuteMs,
      answerWithinMs: 5_000,
    };
    const store = createRedisStore(options);
    await new Promise<void>((resolve) => store.watch({ ready: resolve, lost: () => {} }));
    const places = Array.from({ length: 2_500 }, (_, n) => ['places', `lease ${n}`] as const);
    const renewing = store.renew(places);
    await Promise.all(places.map(([key, lease]) => store.settle(lease, [], [key])));
    await renewing;
    expect((await store.take('', [placeOf('places', 1)], true)).taken).toBe(true);
    store.close();
  });

  it('count what was drawn before its clock was set back', async () => {
    const store = await openInstance('back:', 60_000);
    const client = new Redis(redis.url);
    const [seconds] = await client.time();
    await client.hset('back:requests', String(Number(seconds) + 3_600), 4);
    const draw = [windowOf('requests', 5)];
    expect(await store.take('', draw)).toMatchObject({ taken: true, levels: [{ remaining: 0 }] });
    const { taken, levels } = await store.take('', draw);
    expect(taken).toBe(false);
    // And it does not last longer than what is drawn now.
    expect(levels[0]!.waitMs).toBeLessThanOrEqual(61_000);
    client.disconnect();
  });
});
