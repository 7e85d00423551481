/** Decaying peak (after Finagle's Peak EWMA): rises at once with a slow answer, and falls again as time goes by. */
export interface PeakLatency {
  valueMs: number;
  /** Monotonic milliseconds. */
  atMs: number;
}

const DECAY_MS = 10_000;

/** What it has fallen to by now: one that was slow is tried again after a while. */
export function latencyAt({ valueMs, atMs }: PeakLatency, nowMs: number): number {
  return valueMs * keptAfter(nowMs - atMs);
}

export function observeLatency(peak: PeakLatency | undefined, tookMs: number, nowMs: number): PeakLatency {
  if (!peak || tookMs >= latencyAt(peak, nowMs)) return { valueMs: tookMs, atMs: nowMs };
  const kept = keptAfter(nowMs - peak.atMs);
  return { valueMs: peak.valueMs * kept + tookMs * (1 - kept), atMs: nowMs };
}

function keptAfter(elapsedMs: number): number {
  return Math.exp(-Math.max(0, elapsedMs) / DECAY_MS);
}
