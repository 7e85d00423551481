/** The last times to the first token of a model, from which a percentile can be told. A plain value. */
export interface UsualLatency {
  lastMs: readonly number[];
  /** Where the next one goes. */
  next: number;
}

export const NO_LATENCIES: UsualLatency = { lastMs: [], next: 0 };

const KEPT = 200;
/** Fewer say nothing of what is usual. */
const ENOUGH = 20;

export function addLatency({ lastMs, next }: UsualLatency, tookMs: number): UsualLatency {
  if (lastMs.length < KEPT) return { lastMs: [...lastMs, tookMs], next: 0 };
  return { lastMs: lastMs.with(next, tookMs), next: (next + 1) % KEPT };
}

/**
 * The time within which this percentage of its answers began; undefined while there are too few.
 * @param percentile from 0 to 100.
 */
export function percentileOf({ lastMs }: UsualLatency, percentile: number): number | undefined {
  if (lastMs.length < ENOUGH) return undefined;
  const sorted = lastMs.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percentile) / 100))];
}
