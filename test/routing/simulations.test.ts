import { describe, expect, it } from 'vitest';
import { percentile } from '../limits/support/virtual-vendor.ts';
import { runLearning, type VirtualArm } from './support/bandit.ts';
import { ONE_SLOW, ONE_SLOW_WITH_ROOM, runVirtually } from './support/virtual-targets.ts';

const SEEDS = [1, 2, 3];

describe.each([
  { what: 'that cannot take its share', targets: ONE_SLOW, atLeast: 3 },
  { what: 'that has room for all', targets: ONE_SLOW_WITH_ROOM, atLeast: 1.05 },
])('with one slow target of three, $what', ({ targets, atLeast }) => {
  const p99Of = (strategy: 'ROUND_ROBIN' | 'LEAST_BUSY' | 'LOWEST_LATENCY', seed: number) =>
    percentile(runVirtually({ strategy, targets, requests: 5_000, perSecond: 30, seed }), 0.99);

  it.each(SEEDS)('LEAST_BUSY and LOWEST_LATENCY have a lower p99 than ROUND_ROBIN (seed %i)', (seed) => {
    const inTurn = p99Of('ROUND_ROBIN', seed);
    const leastBusy = p99Of('LEAST_BUSY', seed);
    const lowestLatency = p99Of('LOWEST_LATENCY', seed);
    expect(inTurn / leastBusy).toBeGreaterThan(atLeast);
    expect(leastBusy / lowestLatency).toBeGreaterThan(1);
  });
});

describe.each(SEEDS)('LEARNED (seed %i)', (seed) => {
  const run = (arms: VirtualArm[], turned?: VirtualArm[]) =>
    runLearning({
      strategy: 'LEARNED',
      arms,
      requests: 3_000,
      seed,
      ...(turned && { turn: { at: 1_000, arms: turned } }),
    });

  it('finds the target that succeeds more often, at a small part of the regret of taking turns', () => {
    const arms = [
      { model: 'a/x', success: 0.8 },
      { model: 'b/x', success: 0.95 },
      { model: 'c/x', success: 0.7 },
    ];
    const { lastShares, regret } = run(arms);
    expect(lastShares['b/x']).toBeGreaterThan(0.9);
    const inTurn = runLearning({ strategy: 'ROUND_ROBIN', arms, requests: 3_000, seed });
    expect(regret).toBeLessThan(inTurn.regret / 10);
  });

  it('finds the target whose answers please, where both succeed', () => {
    const { lastShares } = run([
      { model: 'a/x', success: 0.99, feedback: 0.6 },
      { model: 'b/x', success: 0.99, feedback: 0.9 },
    ]);
    expect(lastShares['b/x']).toBeGreaterThan(0.9);
  });

  it.each(['costNanos', 'latencyMs'] as const)('prefers the lower %s among equals', (figure) => {
    const { lastShares } = run([
      { model: 'a/x', success: 0.97, [figure]: 4_000 },
      { model: 'b/x', success: 0.97, [figure]: 1_000 },
    ]);
    expect(lastShares['b/x']).toBeGreaterThan(0.9);
  });

  it('does not take the cheap one that fails', () => {
    const { lastShares } = run([
      { model: 'a/x', success: 0.97, costNanos: 4_000 },
      { model: 'b/x', success: 0.5, costNanos: 100 },
    ]);
    expect(lastShares['a/x']).toBeGreaterThan(0.9);
  });

  it('notices that the better one has become the worse one', () => {
    const { lastShares } = run(
      [
        { model: 'a/x', success: 0.95 },
        { model: 'b/x', success: 0.8 },
      ],
      [
        { model: 'a/x', success: 0.4 },
        { model: 'b/x', success: 0.8 },
      ],
    );
    expect(lastShares['b/x']).toBeGreaterThan(0.9);
  });
});
