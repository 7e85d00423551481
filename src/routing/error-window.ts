/** How many calls succeeded and failed of late, in slices of time. A plain value. */
export type ErrorWindow = readonly Slice[];

interface Slice {
  /** Monotonic milliseconds. */
  fromMs: number;
  calls: number;
  errors: number;
}

const WINDOW_MS = 60_000;
const SLICE_MS = 5_000;

export function countCalls(
  window: ErrorWindow,
  made: { calls: number; errors: number },
  nowMs: number,
): ErrorWindow {
  const recent = window.filter(({ fromMs }) => fromMs > nowMs - WINDOW_MS);
  const fromMs = Math.floor(nowMs / SLICE_MS) * SLICE_MS;
  const last = recent.at(-1);
  const { calls, errors } = last?.fromMs === fromMs ? last : { calls: 0, errors: 0 };
  const slice = { fromMs, calls: calls + made.calls, errors: errors + made.errors };
  return [...(last?.fromMs === fromMs ? recent.slice(0, -1) : recent), slice];
}

/** Of the last minute. Without calls the rate is 0. */
export function errorsAt(window: ErrorWindow, nowMs: number): { calls: number; errorRate: number } {
  let calls = 0;
  let errors = 0;
  for (const slice of window) {
    if (slice.fromMs <= nowMs - WINDOW_MS) continue;
    calls += slice.calls;
    errors += slice.errors;
  }
  return { calls, errorRate: calls === 0 ? 0 : errors / calls };
}
