import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../src/lib/clock.ts';
import { createGate, type Gate } from '../../src/limits/upstream/gate.ts';
import { createWorld, outcomeOf, percentile, type World } from './support/virtual-vendor.ts';

const BOUNDS = { upstreamCalls: 256, queue: { length: 1_000, waitMs: 10_000_000 } };

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** So many callers who each ask again as soon as they are answered, until told to stop. */
function keepAsking(world: World, callers: number): () => void {
  let asking = true;
  async function ask(keyId: string) {
    while (asking) await world.ask(keyId);
  }
  for (let i = 0; i < callers; i += 1) void ask(`key ${i}`);
  return () => (asking = false);
}

/** The windows of these virtual seconds, and how many of the calls in them were refused. */
async function observe(world: World, seconds: number) {
  const windows: number[] = [];
  const before = world.served.length;
  for (let i = 0; i < seconds; i += 1) {
    await vi.advanceTimersByTimeAsync(1_000);
    windows.push(world.window());
  }
  const since = world.served.slice(before);
  const refused = since.filter(({ end }) => end === 'REFUSED_BY_VENDOR').length;
  return { median: percentile(windows, 0.5), calls: since.length, refusedShare: refused / since.length };
}

describe('a vendor that refuses what is too much', () => {
  it.each([1, 2, 3])(
    'is called about as much as it takes, also when that changes (seed %d)',
    async (seed) => {
      const world = createWorld(BOUNDS, seed);
      world.vendor.capacity = 40;
      keepAsking(world, 100);
      for (const capacity of [40, 10, 60, 25]) {
        world.vendor.capacity = capacity;
        await vi.advanceTimersByTimeAsync(120_000);
        const { median, calls, refusedShare } = await observe(world, 300);
        expect(median / capacity).toBeGreaterThan(0.6);
        expect(median / capacity).toBeLessThan(1.1);
        // A call takes 0.95 s in the mean.
        expect(calls).toBeGreaterThan(0.6 * capacity * (120 / 0.95));
        expect(refusedShare).toBeLessThan(0.03);
      }
    },
  );

  it('is asked by one call at a time, and less and less often, while it refuses everything', async () => {
    const world = createWorld(BOUNDS, 1);
    world.vendor.capacity = 0;
    keepAsking(world, 50);
    await vi.advanceTimersByTimeAsync(60_000);
    const { calls } = await observe(world, 300);
    expect(calls).toBeLessThanOrEqual(11);
  });
});

describe('a vendor that is only slow when it has too much', () => {
  it('is called less when its first words come late, and more again when they do not', async () => {
    const world = createWorld({ ...BOUNDS, upstreamCalls: 64 }, 1);
    world.vendor.overload = 'slow';
    world.vendor.capacity = 64;
    keepAsking(world, 60);
    await vi.advanceTimersByTimeAsync(30_000);
    expect(world.window()).toBe(64);
    world.vendor.capacity = 8;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(world.window()).toBeLessThan(32);
    world.vendor.capacity = 64;
    await vi.advanceTimersByTimeAsync(120_000);
    expect(world.window()).toBe(64);
  });

  it('is left as it is while few calls are under way: what is slow then is not our doing', async () => {
    const world = createWorld({ ...BOUNDS, upstreamCalls: 64 }, 1);
    world.vendor.overload = 'slow';
    keepAsking(world, 20);
    await vi.advanceTimersByTimeAsync(30_000);
    world.vendor.capacity = 2;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(world.window()).toBe(64);
  });
});

describe('the gate', () => {
  const gateOf = (max = 10): Gate => createGate(max, systemClock, () => {});
  const quota = { remainingRequests: undefined, remainingTokens: undefined, resetMs: undefined };

  it('opens only when the time of a Retry-After is over', () => {
    const gate = gateOf();
    gate.begin().end(outcomeOf({ httpStatus: 429, retryAfterMs: 7_000 }));
    vi.advanceTimersByTime(6_999);
    expect([gate.mayBegin(), gate.pausedMs()]).toEqual([false, 1]);
    vi.advanceTimersByTime(1);
    expect(gate.mayBegin()).toBe(true);
  });

  it('keeps to a Retry-After for an hour at most', () => {
    const gate = gateOf();
    gate.begin().end(outcomeOf({ httpStatus: 429, retryAfterMs: 24 * 3_600_000 }));
    expect(gate.pausedMs()).toBe(3_600_000);
  });

  it('waits twice as long after each refusal that names no time, until there is an answer', () => {
    const gate = gateOf();
    const pauses: number[] = [];
    for (let i = 0; i < 9; i += 1) {
      gate.begin().end(outcomeOf({ httpStatus: 503 }));
      pauses.push(gate.pausedMs());
      vi.advanceTimersByTime(gate.pausedMs());
    }
    expect(pauses).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
    gate.begin().accepted();
    gate.begin().end(outcomeOf({ httpStatus: 429 }));
    expect(gate.pausedMs()).toBe(500);
  });

  it('lets one call begin after a refusal, and the others when that one is taken', () => {
    const gate = gateOf();
    const turns = Array.from({ length: 6 }, () => gate.begin());
    turns[0]?.end(outcomeOf({ httpStatus: 429, retryAfterMs: 0 }));
    for (const turn of turns.slice(1, 4)) turn.end();
    const probe = gate.begin();
    expect(gate.mayBegin()).toBe(false);
    probe.accepted();
    expect(gate.mayBegin()).toBe(true);
  });

  it('shrinks once for all calls that were under way together', () => {
    const gate = gateOf(10);
    const turns = Array.from({ length: 10 }, () => gate.begin());
    for (const turn of turns) turn.end(outcomeOf({ httpStatus: 429 }));
    expect(gate.window()).toBe(7);
  });

  it('shrinks from what was used, not from what would have been allowed', () => {
    const gate = gateOf(256);
    const turns = Array.from({ length: 10 }, () => gate.begin());
    turns[9]!.end(outcomeOf({ httpStatus: 429 }));
    expect(gate.window()).toBe(7);
  });

  it('lets as many calls be under way as the vendor says it still takes', () => {
    const gate = gateOf(10);
    const turn = gate.begin();
    turn.hear({ ...quota, remainingRequests: 3, resetMs: 60_000 });
    expect(gate.window()).toBe(3);
    turn.hear({ ...quota, remainingRequests: 500, resetMs: 60_000 });
    expect(gate.window()).toBe(10);
    turn.hear({ ...quota, remainingRequests: 3, resetMs: 60_000 });
    vi.advanceTimersByTime(60_000);
    expect(gate.window()).toBe(10);
  });

  it('counts in tokens where those are what is left, by what calls came to', () => {
    const gate = gateOf(10);
    const usage = { input: 900, output: 100, cacheRead: 0, cacheWrite: 0, reasoning: 0 };
    gate.begin().end({ ...outcomeOf({}), usage: { ...usage, source: 'REPORTED' } });
    gate.begin().hear({ ...quota, remainingTokens: 4_500, resetMs: 1_000 });
    expect(gate.window()).toBe(4);
  });

  it('makes no call while nothing is left, but asks again before everything is back', () => {
    const gate = gateOf();
    gate.begin().hear({ ...quota, remainingRequests: 0, resetMs: 2_000 });
    expect([gate.mayBegin(), gate.pausedMs()]).toEqual([false, 2_000]);
    gate.begin().hear({ ...quota, remainingTokens: 0, resetMs: 60_000 });
    expect(gate.pausedMs()).toBe(5_000);
  });

  it('gives a turn back once, however often it is ended', () => {
    const gate = gateOf();
    {
      using turn = gate.begin();
      turn.end(outcomeOf({}));
      turn.end(outcomeOf({ httpStatus: 429 }));
    }
    expect([gate.inFlight(), gate.window(), gate.pausedMs()]).toEqual([0, 10, 0]);
  });
});
