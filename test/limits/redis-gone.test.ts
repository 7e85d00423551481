import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openRedisLink } from '../../src/limits/redis-link.ts';
import { createRedisStore } from '../../src/limits/redis-store.ts';
import { openSharedStore } from '../../src/limits/shared-store.ts';
import type { Draw, LimitStore } from '../../src/limits/store.ts';
import { NO_REDIS, startOwnRedis, type OwnRedis } from './support/own-redis.ts';

const MINUTE_MS = 60_000_000;
const WITHIN = { timeout: 10_000 };
const windowOf = (max: number, amount = 1, key = 'requests'): Draw => ({ key, kind: 'window', max, amount });
const placeOf = (max: number): Draw => ({ key: 'places', kind: 'slots', max, amount: 1 });

describe.skipIf(NO_REDIS)('with Redis gone', () => {
  let redis: OwnRedis;
  let instances: { store: LimitStore; changes: boolean[] }[];

  beforeEach(async () => {
    redis = await startOwnRedis();
    instances = [];
  });
  afterEach(async () => {
    for (const { store } of instances) store.close();
    redis.thaw();
    await redis[Symbol.asyncDispose]();
  });

  async function openInstance() {
    const changes: boolean[] = [];
    const store = await openSharedStore({
      redisUrl: redis.url,
      instanceId: `inst_${instances.length}`,
      prefix: 'test:',
      minuteMs: MINUTE_MS,
      answerWithinMs: 40,
      monotonicMs: () => performance.now(),
      onChange: (isUp) => changes.push(isUp),
    });
    const instance = { store, changes };
    instances.push(instance);
    return instance;
  }

  /** Two that know of each other. */
  async function openTwo() {
    const two = [await openInstance(), await openInstance()] as const;
    // The first one hears of the second with its next heartbeat, which comes every second.
    await wait(1_500);
    return two;
  }

  async function isBack({ changes }: { changes: boolean[] }): Promise<void> {
    await expect.poll(() => changes.at(-1), WITHIN).toBe(true);
  }

  async function countTaken(store: LimitStore, draws: Draw[], attempts = 30): Promise<number> {
    const all = await Promise.all(
      Array.from({ length: attempts }, (_, n) => store.take(`lease ${Math.random()} ${n}`, draws)),
    );
    return all.filter(({ taken }) => taken).length;
  }

  it.each(['killed', 'frozen'])('%s: each instance lets through its share, at once', async (how) => {
    const [one, two] = await openTwo();
    if (how === 'killed') await redis.kill();
    else redis.freeze();
    expect(await countTaken(one.store, [windowOf(20), placeOf(12)])).toBe(6);
    expect(await countTaken(two.store, [windowOf(20)])).toBe(10);
    expect((await two.store.peek([windowOf(20)])).levels[0]!.remaining).toBe(0);
    expect(one.changes).toEqual([true, false]);
  });

  it('counts what Redis had let it have against its share', async () => {
    const [one] = await openTwo();
    expect(await countTaken(one.store, [windowOf(20)], 8)).toBe(8);
    await redis.kill();
    expect(await countTaken(one.store, [windowOf(20)])).toBe(2);
  });

  it('takes no more than its part of what was left', async () => {
    const [one, two] = await openTwo();
    expect(await countTaken(one.store, [windowOf(20)], 14)).toBe(14);
    expect(await countTaken(two.store, [windowOf(20)], 1)).toBe(1);
    await redis.kill();
    expect(await countTaken(two.store, [windowOf(20)])).toBe(2);
    // What it saw last was a little older.
    expect(await countTaken(one.store, [windowOf(20)])).toBe(0);
  });

  it('lets at least one through', async () => {
    const [one] = await openTwo();
    await redis.kill();
    expect(await countTaken(one.store, [windowOf(1)])).toBe(1);
  });

  it('tells Redis when it is back what passed meanwhile, also when it has lost everything', async () => {
    const [one, two] = await openTwo();
    expect(await countTaken(one.store, [windowOf(20)], 4)).toBe(4);
    await redis.kill();
    expect(await countTaken(one.store, [windowOf(20), placeOf(4)], 5)).toBe(2);
    await redis.start();
    await Promise.all([isBack(one), isBack(two)]);
    const { levels } = await two.store.peek([windowOf(20), placeOf(4)]);
    expect(levels).toMatchObject([{ remaining: 14 }, { remaining: 2 }]);
  });

  it('does not tell it twice what it has not forgotten', async () => {
    const [one, two] = await openTwo();
    expect(await countTaken(one.store, [windowOf(20)], 4)).toBe(4);
    redis.freeze();
    expect(await countTaken(one.store, [windowOf(20)], 3)).toBe(3);
    redis.thaw();
    await Promise.all([isBack(one), isBack(two)]);
    // Redis may have done after all what it did not answer in time: then it counts that as well, never less.
    const { remaining } = (await two.store.peek([windowOf(20)])).levels[0]!;
    expect(remaining).toBeLessThanOrEqual(13);
    expect(remaining).toBeGreaterThanOrEqual(10);
  });

  it('gives back once what ends when Redis is there again, or when it is not', async () => {
    const { store, changes } = await openInstance();
    const before = await store.take('before', [windowOf(20, 5), placeOf(3)]);
    await redis.kill();
    const during = await store.take('during', [windowOf(20, 5), placeOf(3)]);
    await store.settle(before.receipt!, new Map([['requests', -2]]));
    expect((await store.peek([windowOf(20), placeOf(3)])).levels).toMatchObject([
      { remaining: 12 },
      { remaining: 2 },
    ]);
    await redis.start();
    await isBack({ changes });
    await store.settle(during.receipt!, new Map([['requests', 4]]));
    expect((await store.peek([windowOf(20), placeOf(3)])).levels).toMatchObject([
      { remaining: 8 },
      { remaining: 3 },
    ]);
  });

  it('tells a Redis that has lost everything all of it, also when that fails at first', async () => {
    const options = {
      redisUrl: redis.url,
      instanceId: 'inst_0',
      prefix: 'test:',
      minuteMs: MINUTE_MS,
      answerWithinMs: 40,
    };
    const told: boolean[] = [];
    const link = await openRedisLink(createRedisStore(options), {
      beat: async () => {},
      async back(known) {
        told.push(known);
        if (told.length === 1) throw new Error('lost in the middle');
      },
      change: () => {},
    });
    link.close();
    expect(told).toEqual([false, false]);
  });

  it('starts without it, and shares as soon as it is there', async () => {
    await redis.kill();
    const instance = await openInstance();
    expect(instance.changes).toEqual([false]);
    expect(await countTaken(instance.store, [windowOf(5)])).toBe(5);
    await redis.start();
    await isBack(instance);
    expect((await instance.store.peek([windowOf(5)])).levels[0]!.remaining).toBe(0);
  });
});
