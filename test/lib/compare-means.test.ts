import { describe, expect, it } from 'vitest';
import { compareMeans, intervalOf, type Comparison } from '../../src/lib/compare-means.ts';
import type { Sums } from '../../src/lib/mean-evidence.ts';
import { createSeededRandom } from '../../src/lib/seeded-random.ts';

const COMPARISON: Comparison = { goal: 'MAXIMISE', confidence: 0.95, minCount: 50, isUnit: true };

type Draw = (random: () => number) => number;
const coin =
  (chance: number): Draw =>
  (random) =>
    random() < chance ? 1 : 0;
/** Most are small, some are many times as large, as costs and times are. */
const skewed =
  (mean: number): Draw =>
  (random) =>
    -mean * Math.log(1 - random());

function nothing(): Sums {
  return { count: 0, sum: 0, sumSquares: 0 };
}

function add(sums: Sums, value: number): void {
  sums.count += 1;
  sums.sum += value;
  sums.sumSquares += value * value;
}

/** Gives each request to an arm by lot and looks after each; the requests until a winner was named, and who it was. */
function run(arms: Draw[], seed: number, requests: number, comparison = COMPARISON) {
  const random = createSeededRandom(seed);
  const sums = arms.map(nothing);
  for (let asked = 1; asked <= requests; asked += 1) {
    const arm = Math.floor(random() * arms.length);
    add(sums[arm]!, arms[arm]!(random));
    const compared = compareMeans(sums, comparison);
    if (compared?.isDecided) return { leader: compared.leader, asked };
  }
  return undefined;
}

/** Of so many runs, those that named a winner. */
function runs(count: number, ...args: [Draw[], number, Comparison?]) {
  const [arms, requests, comparison] = args;
  return Array.from({ length: count }, (_, seed) => run(arms, seed + 1, requests, comparison)).flatMap(
    (result) => result ?? [],
  );
}

describe('looking after each request', () => {
  it.each([
    ['answers that succeed now and then', [coin(0.5), coin(0.5)], true],
    ['answers that nearly always succeed', [coin(0.98), coin(0.98)], true],
    ['three arms', [coin(0.8), coin(0.8), coin(0.8)], true],
    ['costs with a long tail', [skewed(10), skewed(10)], false],
  ])('names a winner among equals less often than is allowed: %s', (_, arms, isUnit) => {
    expect(runs(150, arms, 1_500, { ...COMPARISON, isUnit }).length / 150).toBeLessThanOrEqual(0.05);
  });

  it('finds the better one', () => {
    const found = runs(50, [coin(0.7), coin(0.9)], 3_000);
    expect(found).toHaveLength(50);
    expect(found.filter(({ leader }) => leader !== 1).length).toBeLessThanOrEqual(2);
    const [slowest] = found.map(({ asked }) => asked).toSorted((a, b) => b - a);
    expect(slowest).toBeLessThan(1_500);
  });

  it('finds the lower one where that is the goal', () => {
    const comparison: Comparison = { ...COMPARISON, goal: 'MINIMISE', isUnit: false };
    const found = runs(50, [skewed(10), skewed(20)], 3_000, comparison);
    expect(found).toHaveLength(50);
    expect(found.every(({ leader }) => leader === 0)).toBe(true);
  });

  // Skewed values need more of them until an interval of any values is right.
  it.each<[string, Draw, number, Partial<Comparison>]>([
    ['chances near one', coin(0.97), 0.97, { minCount: 10 }],
    ['chances in the middle', coin(0.4), 0.4, { minCount: 10 }],
    ['scores', (random) => (random() + random()) / 2, 0.5, { minCount: 10 }],
    ['any values', (random) => 7 + random() + random(), 8, { isUnit: false }],
    ['costs with a long tail', skewed(10), 10, { isUnit: false, minCount: 500 }],
  ])('holds the true means in the intervals all the time: %s', (_, draw, truth, more) => {
    const comparison = { ...COMPARISON, ...more };
    let missed = 0;
    for (let seed = 1; seed <= 200; seed += 1) {
      const random = createSeededRandom(seed);
      const sums = [nothing(), nothing()];
      let isMissed = false;
      for (let asked = 0; asked < 1_500; asked += 1) {
        for (const each of sums) add(each, draw(random));
        if (asked % 5 > 0) continue;
        for (const interval of sums.map((each) => intervalOf(each, sums.length, comparison)))
          if (interval && (interval.low > truth || interval.high < truth)) isMissed = true;
      }
      if (isMissed) missed += 1;
    }
    expect(missed / 200).toBeLessThanOrEqual(0.05);
  });
});

describe('a comparison', () => {
  const sumsOf = (count: number, mean: number): Sums => ({
    count,
    sum: count * mean,
    sumSquares: count * mean,
  });

  it('says nothing while an arm has too few values', () => {
    const [few, many] = [sumsOf(49, 0.1), sumsOf(900, 0.9)];
    expect(compareMeans([few, many], COMPARISON)).toBeUndefined();
    expect(intervalOf(few, 2, COMPARISON)).toBeUndefined();
    expect(intervalOf(many, 2, COMPARISON)).toEqual({
      low: expect.closeTo(0.86, 1),
      high: expect.closeTo(0.93, 1),
    });
  });

  it('is the surer the more there is of the same', () => {
    const counts = [60, 200, 800, 4_000];
    const compared = counts.map((count) =>
      compareMeans([sumsOf(count, 0.8), sumsOf(count, 0.9)], COMPARISON)!,
    );
    const confidences = compared.map(({ confidence }) => confidence);
    expect(confidences).toEqual(confidences.toSorted((a, b) => a - b));
    expect(confidences.every((confidence) => confidence < 1)).toBe(true);
    for (const { confidence, isDecided } of compared) expect(isDecided).toBe(confidence >= 0.95);
    expect(compared.map(({ isDecided }) => isDecided)).toEqual([false, false, true, true]);
  });

  it('is not fooled by a few values that are all the same', () => {
    const few = { ...COMPARISON, minCount: 10 };
    expect(compareMeans([sumsOf(10, 1), sumsOf(10, 0.9)], few)).toMatchObject({
      leader: 0,
      isDecided: false,
    });
  });

  it('is sure of nothing where two are equal', () => {
    const equal = compareMeans([sumsOf(500, 0.5), sumsOf(500, 0.5)], COMPARISON);
    expect(equal).toMatchObject({ confidence: 0, isDecided: false });
  });

  it('compares the leader with each of the others', () => {
    const arms = [sumsOf(900, 0.5), sumsOf(900, 0.9), sumsOf(900, 0.89)];
    expect(compareMeans(arms, COMPARISON)).toMatchObject({ leader: 1, isDecided: false });
    expect(compareMeans(arms, { ...COMPARISON, goal: 'MINIMISE' })).toMatchObject({
      leader: 0,
      isDecided: true,
    });
  });
});
