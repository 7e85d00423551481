import type { MEASURES } from './facts.ts';
import type { UsageTotals } from './totals.ts';

/** Sums as the database says them: numbers as text, and null where there is nothing to sum. */
export type SumRow = Record<(typeof MEASURES)[number], string | null>;

export function toTotals(row: SumRow, errors: number): UsageTotals {
  return {
    requests: Number(row.requests),
    errors,
    cacheHits: Number(row.cache_hits),
    unpricedRequests: Number(row.unpriced),
    input: Number(row.input_tokens),
    output: Number(row.output_tokens),
    cacheRead: Number(row.cache_read_tokens),
    cacheWrite: Number(row.cache_write_tokens),
    reasoning: Number(row.reasoning_tokens),
    costNanos: BigInt(row.cost_nanos ?? 0),
    firstTokenMs: new Map(),
    latencyMs: new Map(),
  };
}
