import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sampleBeta } from '../../src/routing/beta.ts';
import {
  joinArms,
  learn,
  learnFeedback,
  NOTHING_LEARNED,
  tallyOf,
  viewArm,
  type Arm,
  type Observation,
} from '../../src/routing/learned.ts';
import { createSeededRandom } from '../../src/lib/seeded-random.ts';

/** What was seen of one call, and what somebody thought of it. */
type Seen = Observation & { score: number | undefined };

const learnAll = (calls: Seen[]): Arm =>
  calls.reduce((arm, { score, ...seen }) => {
    const learned = learn(arm, seen);
    return score === undefined ? learned : learnFeedback(learned, score);
  }, NOTHING_LEARNED);

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
      costNanos: expect.closeTo(2_010, 0),
      latencyMs: 300,
    });
    expect(viewArm('a/x', NOTHING_LEARNED)).toMatchObject({ pulls: 0, success: 0.5, feedback: undefined });
  });

  it('fades, so that it never weighs more than a thousand calls', () => {
    let arm = NOTHING_LEARNED;
    for (let call = 0; call < 10_000; call += 1)
      arm = learn(arm, { succeeded: true, costNanos: undefined, latencyMs: undefined });
    expect(arm.success.count).toBe(10_000);
    expect(tallyOf(arm, 'success').good).toBeCloseTo(1_000, -1);
  });

  it('is the same when two have seen a part of it each, one after the other', () => {
    const call = fc.record({
      succeeded: fc.boolean(),
      costNanos: fc.option(fc.integer({ min: 0, max: 1_000_000 }), { nil: undefined }),
      latencyMs: fc.option(fc.integer({ min: 0, max: 60_000 }), { nil: undefined }),
      score: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(call), fc.array(call), (earlier, later) => {
        const joined = joinArms(learnAll(earlier), learnAll(later));
        const whole = learnAll([...earlier, ...later]);
        for (const kind of ['success', 'feedback', 'costNanos', 'latencyMs'] as const) {
          expect(joined[kind].count).toBe(whole[kind].count);
          expect(joined[kind].sum).toBeCloseTo(whole[kind].sum, 5);
        }
      }),
    );
  });

  it('takes a score for what it can be at most', () => {
    const after = (score: number) => tallyOf(learnFeedback(NOTHING_LEARNED, score), 'feedback');
    expect(after(7)).toEqual({ good: 1, bad: 0 });
    expect(after(-7)).toEqual({ good: 0, bad: 1 });
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
