import { describe, expect, it } from 'vitest';
import { sampleBeta } from '../../src/routing/beta.ts';
import { learn, learnFeedback, NOTHING_LEARNED, viewArm } from '../../src/routing/learned.ts';
import { createSeededRandom } from '../../src/lib/seeded-random.ts';

describe('what is learned of a target', () => {
  it('can be seen', () => {
    const observe = { costNanos: 1_000, latencyMs: 300 };
    let arm = learn(NOTHING_LEARNED, { succeeded: true, ...observe });
    arm = learn(arm, { succeeded: false, costNanos: 3_000, latencyMs: undefined });
    arm = learnFeedback(arm, 0.75);
    expect(viewArm('a/x', arm)).toEqual({
      target: 'a/x',
      pulls: 2,
      success: expect.closeTo(0.5, 2),
      feedback: 0.75,
      costNanos: 2_000,
      latencyMs: 300,
    });
    expect(viewArm('a/x', NOTHING_LEARNED)).toMatchObject({ pulls: 0, success: 0.5, feedback: undefined });
  });

  it('fades, so that it never weighs more than a thousand calls', () => {
    let arm = NOTHING_LEARNED;
    for (let call = 0; call < 10_000; call += 1)
      arm = learn(arm, { succeeded: true, costNanos: undefined, latencyMs: undefined });
    expect(arm.pulls).toBe(10_000);
    expect(arm.success.good).toBeCloseTo(1_000, -1);
  });

  it('takes a score for what it can be at most', () => {
    expect(learnFeedback(NOTHING_LEARNED, 7).feedback).toEqual({ good: 1, bad: 0 });
    expect(learnFeedback(NOTHING_LEARNED, -7).feedback).toEqual({ good: 0, bad: 1 });
  });
});

describe('a draw from the Beta distribution', () => {
  it.each([
    [1, 1],
    [0.5, 0.5],
    [2, 8],
    [300, 20],
  ])('of %d and %d has its mean and its spread', (alpha, beta) => {
    const random = createSeededRandom(3);
    const draws = Array.from({ length: 20_000 }, () => sampleBeta(alpha, beta, random));
    const mean = draws.reduce((sum, draw) => sum + draw, 0) / draws.length;
    const variance = draws.reduce((sum, draw) => sum + (draw - mean) ** 2, 0) / draws.length;
    const total = alpha + beta;
    const expected = (alpha * beta) / (total ** 2 * (total + 1));
    expect(mean).toBeCloseTo(alpha / total, 2);
    expect(variance / expected).toBeCloseTo(1, 1);
  });
});
