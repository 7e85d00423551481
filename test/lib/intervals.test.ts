import { describe, expect, it } from 'vitest';
import {
  meanInterval,
  pairedRateChance,
  pairedRateInterval,
  rateInterval,
  sumsOf,
  type Interval,
} from '../../src/lib/intervals.ts';
import { createSeededRandom } from '../../src/lib/seeded-random.ts';

const ROUNDS = 2_000;

/** In how many of many rounds the truth is within. */
function coverage(truth: number, round: (random: () => number) => Interval | undefined): number {
  const random = createSeededRandom(7);
  let covered = 0;
  for (let count = 0; count < ROUNDS; count += 1) {
    const interval = round(random);
    if (interval && interval.low <= truth && truth <= interval.high) covered += 1;
  }
  return covered / ROUNDS;
}

describe('a share', () => {
  it('is what tables say', () => {
    const [half, none, all] = [rateInterval(5, 10), rateInterval(0, 10), rateInterval(10, 10)];
    expect([half.low, half.high].map((x) => x.toFixed(4))).toEqual(['0.2366', '0.7634']);
    expect([none.low, none.high].map((x) => x.toFixed(4))).toEqual(['0.0000', '0.2775']);
    expect([all.low, all.high].map((x) => x.toFixed(4))).toEqual(['0.7225', '1.0000']);
    expect(rateInterval(0, 0)).toEqual({ low: 0, high: 1 });
  });

  it.each([
    [0.5, 20],
    [0.9, 50],
    [0.98, 100],
  ])('of %d is within for about 95 of 100 samples of %d', (rate, tries) => {
    const share = coverage(rate, (random) => {
      const successes = Array.from({ length: tries }, random).filter((x) => x < rate).length;
      return rateInterval(successes, tries);
    });
    expect(share).toBeGreaterThan(0.93);
    expect(share).toBeLessThan(0.985);
  });
});

describe('a mean', () => {
  it('is what tables of Student’s t say', () => {
    const { low, high } = meanInterval(sumsOf([1, 2, 3, 4, 5]))!;
    // 3 ± 2.776 · √2.5 / √5
    expect([low, high].map((x) => x.toFixed(3))).toEqual(['1.037', '4.963']);
  });

  it('is unknown for one value, and where all are the same', () => {
    expect(meanInterval(sumsOf([0.5]))).toBeUndefined();
    expect(meanInterval(sumsOf([0.7, 0.7, 0.7]))).toBeUndefined();
  });

  it.each([5, 10, 40])('is within for about 95 of 100 samples of %d differences', (count) => {
    const share = coverage(0.1, (random) => {
      const differences = Array.from(
        { length: count },
        () => 0.1 + random() + random() - random() - random(),
      );
      return meanInterval(sumsOf(differences));
    });
    expect(share).toBeGreaterThan(0.93);
    expect(share).toBeLessThan(0.97);
  });
});

describe('the difference of two shares of the same cases', () => {
  it('is what its paper says', () => {
    // Newcombe 1998, table II: a = 36, b = 12, c = 2, d = 0.
    const { low, high } = pairedRateInterval({ both: 36, onlyFirst: 12, onlySecond: 2, neither: 0 });
    expect([low, high].map((x) => x.toFixed(4))).toEqual(['-0.3404', '-0.0569']);
  });

  it.each<[number, number, number, number]>([
    [0.8, 0.05, 0.1, 30],
    [0.5, 0.2, 0.1, 60],
    [0.9, 0.02, 0.06, 100],
  ])('is within for about 95 of 100 samples: %d both, %d and %d one, of %d', (both, first, second, tries) => {
    const share = coverage(second - first, (random) => {
      const drawn = Array.from({ length: tries }, random);
      const between = (low: number, high: number) => drawn.filter((x) => x >= low && x < high).length;
      const onlyFirst = between(both, both + first);
      const onlySecond = between(both + first, both + first + second);
      const all = between(0, both);
      return pairedRateInterval({
        both: all,
        onlyFirst,
        onlySecond,
        neither: tries - all - onlyFirst - onlySecond,
      });
    });
    expect(share).toBeGreaterThan(0.93);
  });

  it('is no more often called real by mistake than is said', () => {
    const random = createSeededRandom(11);
    let mistakes = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      const discordant = Array.from({ length: 40 }, random).filter((x) => x < 0.4);
      const onlyFirst = discordant.filter((x) => x < 0.2).length;
      if (pairedRateChance({ onlyFirst, onlySecond: discordant.length - onlyFirst }) <= 0.05) mistakes += 1;
    }
    expect(mistakes / ROUNDS).toBeLessThanOrEqual(0.05);
    // 1 of 7: twice (1 + 7) / 128.
    expect(pairedRateChance({ onlyFirst: 1, onlySecond: 6 })).toBeCloseTo(0.125, 10);
    expect(pairedRateChance({ onlyFirst: 0, onlySecond: 0 })).toBe(1);
  });
});
