import type { Failure, Outcome, Usage } from './completion.ts';

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
