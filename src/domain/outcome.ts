import type { Attempt, Failure, Outcome, Usage, UsageSource } from './completion.ts';

/** Nothing was counted, and nothing is charged: not the same as a vendor's explicit zero. */
export const NOTHING_USED: Usage = {
  input: 0,
  output: 0,
  cacheRead: 0,
  cacheWrite: 0,
  reasoning: 0,
  source: 'NONE',
};

/** What a completion comes to that ended before any vendor did anything for it, as far as is known. */
export function withoutWork(status: Exclude<Outcome['status'], 'SUCCEEDED'>, failure: Failure): Outcome {
  return {
    status,
    finishReason: status === 'CANCELLED' ? 'CANCELLED' : 'ERROR',
    parts: [],
    toolCalls: [],
    object: undefined,
    usage: NOTHING_USED,
    costNanos: 0n,
    failure,
    attempts: [],
    warnings: [],
    queueMs: 0,
    totalMs: 0,
    firstTokenMs: undefined,
  };
}

/** An outcome that tells of its last attempt only, with those that came before it: what all of them used and cost. */
export function withEarlier(earlier: readonly Attempt[], last: Outcome): Outcome {
  if (earlier.length === 0) return last;
  const all = [...earlier, last];
  const costs = all.map(({ costNanos }) => costNanos);
  return {
    ...last,
    usage: sumUsage(all.map(({ usage }) => usage)),
    // What one of them came to is not known, so neither is the sum.
    costNanos: costs.reduce(
      (sum, cost) => (sum === undefined || cost === undefined ? undefined : sum + cost),
      0n,
    ),
    attempts: [...earlier, ...last.attempts].toSorted((a, b) => a.index - b.index),
  };
}

function sumUsage(usages: readonly Usage[]): Usage {
  const sum = (name: Exclude<keyof Usage, 'source'>) =>
    usages.reduce((total, usage) => total + usage[name], 0);
  const worst = (['ESTIMATED', 'REPORTED', 'NONE'] satisfies UsageSource[]).find((source) =>
    usages.some((usage) => usage.source === source),
  );
  return {
    input: sum('input'),
    output: sum('output'),
    cacheRead: sum('cacheRead'),
    cacheWrite: sum('cacheWrite'),
    reasoning: sum('reasoning'),
    source: worst ?? 'NONE',
  };
}
