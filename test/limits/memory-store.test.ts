import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryStore } from '../../src/limits/memory-store.ts';
import { MINUTE_MS, SLOTS, type Draw } from '../../src/limits/store.ts';

const SLOT_MS = MINUTE_MS / SLOTS;
const KEYS = ['a', 'b', 'c'];
const MAX: Record<string, number> = { a: 5, b: 12, c: 3 };

const windowOf = (key: string, amount: number): Draw => ({ key, kind: 'window', max: MAX[key]!, amount });
const placeOf = (key: string): Draw => ({ key, kind: 'slots', max: MAX[key]!, amount: 1 });

/** A store whose clock only moves when it is told to. */
function storeAt(startMs = 0) {
  let nowMs = startMs;
  const store = new MemoryStore(() => nowMs, MINUTE_MS);
  return { store, pass: (ms: number) => (nowMs += ms), now: () => nowMs };
}

describe('a window', () => {
  it('never lets more than the limit pass in any 60 seconds, and never less than it could', () => {
    const steps = fc.array(
      fc.record({
        passMs: fc.oneof(fc.constant(0), fc.nat(3_000), fc.nat(70_000)),
        draws: fc.subarray(KEYS, { minLength: 1 }),
        amount: fc.integer({ min: 1, max: 6 }),
      }),
      { maxLength: 80 },
    );
    fc.assert(
      fc.property(steps, fc.nat(SLOT_MS), (history, startMs) => {
        const { store, pass, now } = storeAt(startMs);
        const passed: { key: string; at: number; amount: number }[] = [];
        /** What stands in the last 60 seconds, up to a slot more: that much the slots may keep longer. */
        const usedAt = (key: string, ms: number, keptMs: number) =>
          passed
            .filter((each) => each.key === key && each.at > ms - keptMs)
            .reduce((sum, { amount }) => sum + amount, 0);
        for (const { passMs, draws, amount } of history) {
          pass(passMs);
          const { taken } = store.take(
            '',
            draws.map((key) => windowOf(key, amount)),
          );
          const fits = (keptMs: number) =>
            draws.every((key) => usedAt(key, now(), keptMs) + amount <= MAX[key]!);
          expect(fits(taken ? MINUTE_MS : MINUTE_MS + SLOT_MS + 1)).toBe(taken);
          if (taken) passed.push(...draws.map((key) => ({ key, at: now(), amount })));
        }
      }),
    );
  });

  it('says to the millisecond when it fits again', () => {
    const steps = fc.array(fc.tuple(fc.nat(20_000), fc.integer({ min: 1, max: 12 })), { maxLength: 30 });
    fc.assert(
      fc.property(steps, (history) => {
        const { store, pass } = storeAt(123_456);
        for (const [ms, amount] of history) {
          pass(ms);
          const { taken, levels } = store.take('', [windowOf('b', amount)]);
          if (taken) continue;
          const waitMs = levels[0]!.waitMs!;
          pass(waitMs - 1);
          expect(store.peek([windowOf('b', amount)]).taken).toBe(false);
          pass(1);
          expect(store.take('', [windowOf('b', amount)]).taken).toBe(true);
        }
      }),
    );
  });

  it('says what is left, and when nothing is used any more', () => {
    const { store, pass } = storeAt();
    expect(store.take('', [windowOf('a', 2)]).levels).toEqual([
      { remaining: 3, waitMs: 0, resetMs: MINUTE_MS + SLOT_MS },
    ]);
    pass(30_000);
    expect(store.take('', [windowOf('a', 3)]).levels[0]).toMatchObject({ remaining: 0, resetMs: 61_000 });
    expect(store.take('', [windowOf('a', 1)]).levels[0]).toEqual({
      remaining: 0,
      waitMs: 31_000,
      resetMs: 61_000,
    });
    pass(31_000);
    expect(store.peek([windowOf('a', 1)]).levels[0]).toMatchObject({ remaining: 2, waitMs: 0 });
    pass(30_000);
    expect(store.peek([windowOf('a', 1)]).levels[0]).toEqual({ remaining: 5, waitMs: 0, resetMs: 0 });
  });

  it('never has room for more than the limit', () => {
    expect(storeAt().store.take('', [windowOf('a', 6)])).toMatchObject({
      taken: false,
      levels: [{ waitMs: undefined }],
    });
  });

  it('takes from all or from none', () => {
    const { store } = storeAt();
    store.take('', [windowOf('c', 3)]);
    expect(store.take('1', [windowOf('a', 1), placeOf('b'), windowOf('c', 1)]).taken).toBe(false);
    expect(store.peek([windowOf('a', 5), placeOf('b')]).levels).toMatchObject([
      { remaining: 5 },
      { remaining: 12 },
    ]);
  });

  it('gives back what was not used, where it was taken, and takes the excess now', () => {
    const { store, pass } = storeAt();
    const { slot } = store.take('', [windowOf('a', 4)]);
    pass(20_000);
    store.correct([{ key: 'a', slot, by: -3 }]);
    expect(store.peek([windowOf('a', 0)]).levels[0]!.remaining).toBe(4);
    store.correct([{ key: 'a', slot, by: 2 }]);
    expect(store.peek([windowOf('a', 0)]).levels[0]).toMatchObject({ remaining: 2, resetMs: 61_000 });
    // More than is left stands there until its minute is over; less than nothing is not left.
    store.correct([{ key: 'a', slot, by: 50 }]);
    expect(store.peek([windowOf('a', 0)]).levels[0]!.remaining).toBe(0);
    pass(61_000);
    // Its slot is gone, and with it all that could be given back.
    store.correct([{ key: 'a', slot, by: -4 }]);
    expect(store.peek([windowOf('a', 0)]).levels[0]!.remaining).toBe(5);
  });
});

describe('places', () => {
  it('are as many as the limit, and free again once each', () => {
    const { store, pass } = storeAt();
    for (const lease of ['1', '2', '3']) expect(store.take(lease, [placeOf('c')]).taken).toBe(true);
    pass(10 * MINUTE_MS);
    expect(store.take('4', [placeOf('c')])).toMatchObject({ taken: false, levels: [{ waitMs: undefined }] });
    store.places.release('2', ['c']);
    store.places.release('2', ['c']);
    expect(store.take('4', [placeOf('c')]).taken).toBe(true);
    expect(store.take('5', [placeOf('c')]).taken).toBe(false);
  });
});

it('remembers the keys in use, however many others are made up', () => {
  const { store } = storeAt();
  for (let n = 0; n < 150_000; n += 1) {
    if (n % 30_000 === 0) store.take('', [windowOf('a', 1)]);
    store.take('', [{ key: `made up ${n}`, kind: 'window', max: 5, amount: 1 }]);
  }
  expect(store.peek([windowOf('a', 0)]).levels[0]!.remaining).toBe(0);
  expect(store.sums().length).toBeLessThanOrEqual(100_000);
});
