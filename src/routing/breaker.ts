/** A circuit that opens when a model fails, so that nobody waits for what does not work. A plain value. */
export interface Breaker {
  state: 'CLOSED' | 'OPEN';
  /** Failures since the last success. */
  failures: number;
  /** How often it opened since it last closed: each time for twice as long. */
  opened: number;
  /** Monotonic milliseconds: when one call may try whether it works again. */
  tryAtMs: number;
  /** Whether that call is under way (half-open). */
  trying: boolean;
}

export const CLOSED: Breaker = { state: 'CLOSED', failures: 0, opened: 0, tryAtMs: 0, trying: false };

const FAILURES_TO_OPEN = 5;
const OPEN_MS = 5_000;
const MAX_OPEN_MS = 60_000;
/** A lost try must not keep a model closed off for ever. */
const TRY_MS = 120_000;
/** What those are told meanwhile who would call too. */
export const ASK_AGAIN_MS = 1_000;
/** With this share of failures it opens too, though single calls succeed in between. */
const ERROR_RATE_TO_OPEN = 0.5;
const CALLS_TO_JUDGE = 20;

/** How long nobody may call; 0: somebody may now. While one tries, the others wait for it. */
export function breakerRestMs({ state, tryAtMs, trying }: Breaker, nowMs: number): number {
  if (state === 'CLOSED') return 0;
  return Math.max(0, Math.min(tryAtMs - nowMs, trying ? ASK_AGAIN_MS : Infinity));
}

/** How long callers leave the try to a probe, where there is one: it comes within a second or two. */
const LEFT_TO_PROBE_MS = 3_000;

/** How long a caller may not call where a probe is to try first. */
export function probeRestMs({ state, tryAtMs, trying }: Breaker, nowMs: number): number {
  return state === 'CLOSED' || trying ? 0 : Math.max(0, tryAtMs + LEFT_TO_PROBE_MS - nowMs);
}

/** The breaker after a call began, which is the try if it is open. */
export function beginCall(breaker: Breaker, nowMs: number): Breaker {
  return breaker.state === 'CLOSED' ? breaker : { ...breaker, trying: true, tryAtMs: nowMs + TRY_MS };
}

export function afterSuccess(breaker: Breaker): Breaker {
  return isLate(breaker) ? breaker : CLOSED;
}

/** @param recent what is known of its last calls, this one among them. */
export function afterFailure(
  breaker: Breaker,
  recent: { calls: number; errorRate: number },
  nowMs: number,
): Breaker {
  const failures = breaker.failures + 1;
  if (isLate(breaker)) return breaker;
  const isBad = recent.calls >= CALLS_TO_JUDGE && recent.errorRate >= ERROR_RATE_TO_OPEN;
  if (!breaker.trying && failures < FAILURES_TO_OPEN && !isBad) return { ...breaker, failures };
  const opened = breaker.opened + 1;
  const tryAtMs = nowMs + Math.min(MAX_OPEN_MS, OPEN_MS * 2 ** (opened - 1));
  return { state: 'OPEN', failures, opened, tryAtMs, trying: false };
}

/** The try ended without telling anything, for instance since its caller left: the next call may try. */
export function afterNothing(breaker: Breaker, nowMs: number): Breaker {
  return breaker.trying ? { ...breaker, trying: false, tryAtMs: nowMs } : breaker;
}

/** How it turned on another instance. */
export interface Turned {
  /** As `Breaker.opened`; 0: it closed. */
  opened: number;
  /** How long until somebody may try. */
  restMs: number;
}

/** As it turned elsewhere. However that was, somebody here tries after a minute at the latest. */
export function afterTurn({ opened, restMs }: Turned, nowMs: number): Breaker {
  if (opened === 0) return CLOSED;
  const tryAtMs = nowMs + Math.min(MAX_OPEN_MS, restMs);
  return { state: 'OPEN', failures: FAILURES_TO_OPEN, opened, tryAtMs, trying: false };
}

/** A call that began before it opened says nothing of how the model is now. */
function isLate({ state, trying }: Breaker): boolean {
  return state === 'OPEN' && !trying;
}
