import { sampleBeta } from '../beta.ts';
import { LEARNED_WEIGHTS, meanOf, NOTHING_LEARNED, tallyOf } from '../learned.ts';
import type { Ranked, Strategy } from '../strategy.ts';

/**
 * Thompson sampling: how likely each target is to succeed, and to please, is drawn from what is known of it, so that the
 * less is known of one the more often it is tried. What it costs and how long it takes is deducted, relative to the
 * dearest and the slowest.
 */
export const rankByLearning: Strategy = (options, { route, request, signals, random }) => {
  const tokens = { input: request.inputTokens, output: request.outputTokens };
  const known = options.map((option) => {
    const arm = signals.arm(route.name, option.target.model) ?? NOTHING_LEARNED;
    return {
      option,
      success: tallyOf(arm, 'success'),
      feedback: tallyOf(arm, 'feedback'),
      costNanos: signals.costNanos(option.lead, tokens) ?? meanOf(arm, 'costNanos'),
      latencyMs: meanOf(arm, 'latencyMs'),
    };
  });
  const dearest = Math.max(0, ...known.map(({ costNanos = 0 }) => costNanos));
  const slowest = Math.max(0, ...known.map(({ latencyMs = 0 }) => latencyMs));
  const usual = usualFeedback(known.map(({ feedback }) => feedback));
  return (
    known
      // What has no known price counts as the dearest; what nobody has timed counts as fast, so that it is tried.
      .map(({ option, costNanos = dearest, latencyMs = 0, ...arm }): Ranked & { value: number } => {
        const success = sampleBeta(1 + arm.success.good, 1 + arm.success.bad, random);
        const feedback =
          usual === undefined
            ? 1
            : sampleBeta(2 * usual + arm.feedback.good, 2 * (1 - usual) + arm.feedback.bad, random);
        const cost = dearest > 0 ? (LEARNED_WEIGHTS.cost * costNanos) / dearest : 0;
        const latency = slowest > 0 ? (LEARNED_WEIGHTS.latency * latencyMs) / slowest : 0;
        const value = success * feedback - cost - latency;
        return { option, value, score: { success, feedback, cost, latency, value } };
      })
      .toSorted((a, b) => b.value - a.value)
      .map(({ option, score }) => ({ option, score }))
  );
};

/** What one without feedback is likely to get; undefined while nobody has given any. */
function usualFeedback(all: readonly { good: number; bad: number }[]): number | undefined {
  const good = all.reduce((sum, tally) => sum + tally.good, 0);
  const total = all.reduce((sum, tally) => sum + tally.good + tally.bad, 0);
  return total > 0 ? (good + 0.5) / (total + 1) : undefined;
}
