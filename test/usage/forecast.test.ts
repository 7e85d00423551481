import { describe, expect, it } from 'vitest';
import { forecastUse, type Pace } from '../../src/usage/forecast.ts';

const NOW = new Date('2026-03-10T12:00:00Z');
const hoursFromNow = (hours: number) => new Date(NOW.getTime() + hours * 3_600_000);

/** As if these were the amounts of the last hours. */
function paceOf(amounts: readonly number[]): Pace {
  const sum = amounts.reduce((total, each) => total + each, 0);
  const sumOfSquares = amounts.reduce((total, each) => total + each ** 2, 0);
  return { hours: amounts.length, sum: BigInt(sum), sumOfSquares: BigInt(sumOfSquares), asOf: NOW };
}

function budgetOf(changes: {
  used?: bigint;
  limit?: bigint;
  left?: number | undefined;
  window?: 'MINUTE' | 'HOUR' | 'DAY' | 'WEEK' | 'MONTH' | 'TOTAL';
  endsIn?: number;
}) {
  const { used = 0n, limit = 1_000_000n, left = 10, window = 'DAY', endsIn } = changes;
  return {
    window,
    limit,
    endsAt: endsIn === undefined ? undefined : hoursFromNow(endsIn),
    current: { settled: used, resetsAt: window === 'TOTAL' ? undefined : hoursFromNow(left) },
  };
}

const STEADY = [100, 100, 100, 100];

describe('the expected amount', () => {
  it.each([
    ['is what is used and the mean of each hour that is left', { used: 50n }, STEADY, 1_050n],
    ['counts hours without use', {}, [400, 0, 0, 0], 1_000n],
    ['counts a part of an hour as that part', { left: 0.5 }, STEADY, 50n],
    ['is rounded half up', { left: 0.25 }, [1, 1, 4], 1n],
    ['is what is used where nothing is', { used: 70n }, [0, 0, 0], 70n],
    ['is what is used when the window is over', { used: 70n, left: -1 }, STEADY, 70n],
    ['does not sink where corrections took more off', { used: 70n }, [-5, -5, 1], 70n],
    ['ends with the budget where that is earlier', { endsIn: 2 }, STEADY, 200n],
    ['ends with the window where that is earlier', { endsIn: 20 }, STEADY, 1_000n],
    ['is of 30 days where there is no end', { window: 'TOTAL' as const, used: 7n }, STEADY, 72_007n],
  ])('%s', (_, budget, amounts, expected) => {
    expect(forecastUse(budgetOf(budget), paceOf(amounts))?.expected).toBe(expected);
  });

  it('is exact for amounts that no float holds', () => {
    const nanos = 9_007_199_254_740_993n;
    const pace = { hours: 4, sum: 4n * nanos, sumOfSquares: 4n * nanos * nanos, asOf: NOW };
    expect(forecastUse(budgetOf({ left: 3 }), pace)).toMatchObject({
      expected: 3n * nanos,
      low: 3n * nanos,
      high: 3n * nanos,
    });
  });
});

describe('the interval', () => {
  it('is none where each hour was the same', () => {
    expect(forecastUse(budgetOf({}), paceOf(STEADY))).toMatchObject({
      expected: 1_000n,
      low: 1_000n,
      high: 1_000n,
      confidence: 0.8,
      basedOnHours: 4,
    });
  });

  it('is made of the variance of the hours to come and of the uncertainty of their mean', () => {
    // The unbiased variance of these is 20,000 / 3; over 10 hours × (10 + 10² / 4), and 1.28155 deviations of it.
    const forecast = forecastUse(budgetOf({}), paceOf([200, 100, 0, 100]));
    expect(forecast).toMatchObject({ expected: 1_000n, low: 1_000n - 619n, high: 1_000n + 619n });
  });

  it('grows with what is left, and is none at the end', () => {
    const widthAt = (left: number) => {
      const forecast = forecastUse(budgetOf({ used: 10_000n, left }), paceOf([200, 100, 0, 100]))!;
      return forecast.high - forecast.expected;
    };
    expect(widthAt(1) < widthAt(2) && widthAt(2) < widthAt(20)).toBe(true);
    expect(widthAt(0)).toBe(0n);
  });

  it('never begins below what is used', () => {
    expect(forecastUse(budgetOf({ used: 40n }), paceOf([1_000, 0, 0, 0]))).toMatchObject({ low: 40n });
  });
});

describe('the time at which the limit is reached', () => {
  it.each([
    ['is when the expected line crosses it', { used: 100n, limit: 350n }, STEADY, 2.5],
    ['is the end where it is reached just then', { limit: 1_000n }, STEADY, 10],
    ['is never where it is not reached before the end', { limit: 1_001n }, STEADY, undefined],
    ['is never where nothing is used', {}, [0, 0, 0], undefined],
    ['is now where it is reached', { used: 500n, limit: 500n }, [0, 0, 0], 0],
    ['is now where a lowered limit is passed', { used: 500n, limit: 5n }, STEADY, 0],
    ['is within 30 days where there is no end', { window: 'TOTAL' as const, limit: 72_000n }, STEADY, 720],
    ['and not after them', { window: 'TOTAL' as const, limit: 72_001n }, STEADY, undefined],
  ])('%s', (_, budget, amounts, hours) => {
    const forecast = forecastUse(budgetOf(budget), paceOf(amounts));
    expect(forecast?.exceedsAt).toEqual(hours === undefined ? undefined : hoursFromNow(hours));
  });
});

describe('there is no forecast', () => {
  it.each([
    ['from fewer than three hours', {}, [100, 100]],
    ['from none', {}, []],
    ['for a window of an hour', { window: 'HOUR' as const }, STEADY],
    ['for a window of a minute', { window: 'MINUTE' as const }, STEADY],
  ])('%s', (_, budget, amounts) => {
    expect(forecastUse(budgetOf(budget), paceOf(amounts))).toBeUndefined();
  });
});
