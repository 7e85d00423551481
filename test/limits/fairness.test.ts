import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ONE_BATCH_OF } from '../../src/limits/upstream/fair-queue.ts';
import { createWorld, passed, percentile, type Served, type World } from './support/virtual-vendor.ts';

/**
 * All in virtual time, so that no figure depends on the machine. A call takes 1 s in the mean; with the window of 8 the
 * vendor answers 8 a second.
 */
const CALLS = 8;
const MANY = { length: 20_000, waitMs: 10_000_000 };
const SEEDS = [1, 2, 3];
/** What the README promises: so much longer may an answer take for one key because another one is greedy. */
const FACTOR = 1.5;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Asks at random moments, `perSecond` times in a second, for so many seconds; answers how those went. */
async function askNowAndThen(
  world: World,
  keyId: string,
  { perSecond, seconds, ...options }: { perSecond: number; seconds: number } & Parameters<World['ask']>[1],
): Promise<Served[]> {
  const asked: Promise<Served>[] = [];
  for (let atMs = 0; atMs < seconds * 1_000;) {
    const pauseMs = (-Math.log(1 - world.random()) * 1_000) / perSecond;
    await passed(pauseMs);
    atMs += pauseMs;
    asked.push(world.ask(keyId, options));
  }
  return Promise.all(asked);
}

const flood = (world: World, keyId: string, count: number, options: Parameters<World['ask']>[1] = {}) => {
  for (let i = 0; i < count; i += 1) void world.ask(keyId, options);
};

/** Lets so many virtual seconds pass while the work is done. */
async function within<T>(seconds: number, work: Promise<T>): Promise<T> {
  let result: { value: T } | undefined;
  void work.then((value) => (result = { value }));
  for (let second = 0; second < seconds && !result; second += 1) await vi.advanceTimersByTimeAsync(1_000);
  if (!result) throw new Error(`not done within ${seconds} virtual seconds`);
  return result.value;
}

const p99 = (results: Served[]) =>
  percentile(
    results.map(({ tookMs }) => tookMs),
    0.99,
  );

describe('one greedy key', () => {
  it.each(SEEDS)(
    `with 10,000 queued makes another's p99 at most ${FACTOR} times as long (seed %d)`,
    async (seed) => {
      const rate = { perSecond: 1.6, seconds: 300 };
      const alone = createWorld({ upstreamCalls: CALLS, queue: MANY }, seed);
      const quiet = await within(400, askNowAndThen(alone, 'modest', rate));

      const world = createWorld({ upstreamCalls: CALLS, queue: MANY }, seed);
      flood(world, 'greedy', 10_000);
      const beside = await within(400, askNowAndThen(world, 'modest', rate));
      expect(world.queued()).toBeGreaterThan(6_000);
      expect(beside.every(({ end }) => end === 'ANSWERED')).toBe(true);
      expect(p99(beside) / p99(quiet)).toBeLessThan(FACTOR);
    },
  );

  it('would, in a queue without keys, make everybody wait behind it', async () => {
    const world = createWorld({ upstreamCalls: CALLS, queue: MANY }, 1);
    flood(world, 'everybody', 1_000);
    const behind = await within(1_000, world.ask('everybody'));
    expect(behind.waitedMs).toBeGreaterThan(100_000);
  });

  it('gets no more by asking for long answers: tokens are shared and not requests', async () => {
    const world = createWorld({ upstreamCalls: CALLS, queue: MANY }, 7);
    flood(world, 'long', 2_000, { tokens: 4_000 });
    flood(world, 'short', 2_000, { tokens: 1_000 });
    await vi.advanceTimersByTimeAsync(100_000);
    const answered = (key: string) => world.served.filter(({ keyId }) => keyId === key).length;
    expect(answered('short') / answered('long')).toBeGreaterThan(3.5);
    expect(answered('short') / answered('long')).toBeLessThan(4.5);
  });

  it('does not take the places in the queue from others either', async () => {
    const world = createWorld({ upstreamCalls: CALLS, queue: { length: 1_000, waitMs: 30_000 } }, 3);
    flood(world, 'greedy', 10_000);
    const modest = await within(200, askNowAndThen(world, 'modest', { perSecond: 1.6, seconds: 60 }));
    expect(modest.every(({ end }) => end === 'ANSWERED')).toBe(true);
    expect(
      world.served.filter(({ keyId, end }) => keyId === 'greedy' && end === 'REFUSED_HERE').length,
    ).toBeGreaterThan(9_000);
  });
});

describe('two priorities', () => {
  it.each(SEEDS)(
    'batch work hardly holds up who waits for an answer, and is not starved (seed %d)',
    async (seed) => {
      const rate = { perSecond: 4, seconds: 200 };
      const alone = createWorld({ upstreamCalls: CALLS, queue: MANY }, seed);
      const quiet = await within(300, askNowAndThen(alone, 'person', rate));

      const world = createWorld({ upstreamCalls: CALLS, queue: MANY }, seed);
      flood(world, 'nightly', 5_000, { priority: 'BATCH' });
      const beside = await within(300, askNowAndThen(world, 'person', rate));
      expect(p99(beside) / p99(quiet)).toBeLessThan(FACTOR);
    },
  );

  it('while both always wait, batch gets its share and no more', async () => {
    const world = createWorld({ upstreamCalls: CALLS, queue: MANY }, 11);
    // The first few find room at once, whoever they are.
    flood(world, 'person', CALLS);
    flood(world, 'nightly', 3_000, { priority: 'BATCH' });
    flood(world, 'person', 3_000);
    await vi.advanceTimersByTimeAsync(200_000);
    const batch = world.served.filter(({ priority }) => priority === 'BATCH').length;
    expect(batch / world.served.length).toBeCloseTo(1 / ONE_BATCH_OF, 2);
  });

  it('where the queue is full, batch makes room', async () => {
    const world = createWorld({ upstreamCalls: 1, queue: { length: 10, waitMs: 60_000 } }, 1);
    flood(world, 'nightly', 11, { priority: 'BATCH' });
    const person = world.ask('person');
    flood(world, 'nightly', 5, { priority: 'BATCH' });
    await vi.advanceTimersByTimeAsync(0);
    expect(world.served.map(({ keyId, end }) => `${keyId} ${end}`)).toEqual(
      Array.from({ length: 6 }, () => 'nightly REFUSED_HERE'),
    );
    expect((await within(60, person)).end).toBe('ANSWERED');
  });
});
