import {
  afterFailure,
  afterNothing,
  afterSuccess,
  afterTurn,
  ASK_AGAIN_MS,
  beginCall,
  breakerRestMs,
  CLOSED,
  probeRestMs,
  type Breaker,
  type Turned,
} from './breaker.ts';
import { countCalls, errorsAt, type ErrorWindow } from './error-window.ts';
import { latencyAt, observeLatency, type PeakLatency } from './peak-latency.ts';
import type { PeerCalls } from './peers.ts';
import type { Report } from './reports.ts';
import { addLatency, NO_LATENCIES, type UsualLatency } from './usual-latency.ts';

/** How a call of a model ended, in the terms of its health. */
export interface CallEnd {
  /** NEUTRAL: it says nothing of the model, for instance since the caller left or asked for something impossible. */
  kind: 'OK' | 'FAILED' | 'RATE_LIMITED' | 'NEUTRAL';
  /** To the first token, or to the time limit that it broke; undefined: not known. */
  latencyMs: number | undefined;
  /** What the vendor asked to wait. */
  retryAfterMs: number | undefined;
}

/** What only this instance knows of a model. */
export interface Standing extends PeerCalls {
  /** How the circuit turned by the calls of this instance, and how long ago; undefined: it did not, or it turned elsewhere since. */
  turned: (Turned & { agoMs: number }) | undefined;
  /** How long its vendor wants no call, as it told this instance. */
  restMs: number;
}

/** How a model is doing, as all instances see it together. */
export interface HealthView {
  model: string;
  /** UNKNOWN: nobody has called it. DEGRADED: it rests, is being tried again, or many of its calls fail. */
  state: 'UNKNOWN' | 'HEALTHY' | 'DEGRADED' | 'DOWN';
  inFlight: number;
  latencyMs: number | undefined;
  errorRate: number;
  restingMs: number;
}

/** What is known of one model. */
export interface ModelHealth {
  breaker: Breaker;
  /** Monotonic milliseconds when the circuit last turned or began to be tried. */
  turnedAtMs: number;
  /** It turned by the calls of this instance. */
  turnedHere: boolean;
  /** Calls of this instance. */
  inFlight: number;
  latency: PeakLatency | undefined;
  usual: UsualLatency;
  errors: ErrorWindow;
  /** Monotonic milliseconds until which the vendor wants no call. */
  restsUntilMs: number;
  /** The same, as the vendor told this instance. */
  askedUntilMs: number;
  /** When something was last learned of it. */
  heardAtMs: number;
}

export const NOT_CALLED: Readonly<ModelHealth> = {
  breaker: CLOSED,
  turnedAtMs: -Infinity,
  turnedHere: false,
  inFlight: 0,
  latency: undefined,
  usual: NO_LATENCIES,
  errors: [],
  restsUntilMs: 0,
  askedUntilMs: 0,
  heardAtMs: -Infinity,
};
/** A probe that fails says little alone; it is soon repeated. */
const PROBE_AGAIN_MS = 1_000;
const DEGRADED_ERROR_RATE = 0.1;

export function viewOf(
  model: string,
  state: ModelHealth | undefined,
  elsewhere: PeerCalls,
  nowMs: number,
): Omit<HealthView, 'restingMs'> {
  return {
    model,
    state: state ? describe(state, elsewhere.isTrying, nowMs) : 'UNKNOWN',
    inFlight: (state?.inFlight ?? 0) + elsewhere.inFlight,
    latencyMs: state?.latency && latencyAt(state.latency, nowMs),
    errorRate: state ? errorsAt(state.errors, nowMs).errorRate : 0,
  };
}

export function standingOf(state: ModelHealth, nowMs: number): Standing {
  const { breaker, turnedAtMs, turnedHere, inFlight, askedUntilMs } = state;
  const turn = { opened: breaker.opened, restMs: breakerRestMs(breaker, nowMs), agoMs: nowMs - turnedAtMs };
  return {
    inFlight,
    isTrying: breaker.trying && breaker.tryAtMs > nowMs,
    turned: turnedHere ? turn : undefined,
    restMs: Math.max(0, askedUntilMs - nowMs),
  };
}

/** @returns whether this call tries if the model works again, which others should know at once. */
export function countBegin(state: ModelHealth, nowMs: number): boolean {
  const isTry = state.breaker.state === 'OPEN';
  state.breaker = beginCall(state.breaker, nowMs);
  state.inFlight += 1;
  // What others say of the time before does not end the try.
  if (isTry) Object.assign(state, { turnedAtMs: nowMs, turnedHere: false });
  return isTry;
}

/** @returns whether others should know at once. */
export function learnFrom(
  state: ModelHealth,
  { kind, latencyMs, retryAfterMs = 0 }: CallEnd,
  nowMs: number,
): boolean {
  state.inFlight = Math.max(0, state.inFlight - 1);
  if (latencyMs !== undefined) state.latency = observeLatency(state.latency, latencyMs, nowMs);
  if (latencyMs !== undefined && kind === 'OK') state.usual = addLatency(state.usual, latencyMs);
  const restsUntilMs = nowMs + retryAfterMs;
  const isAsked = retryAfterMs > 0 && restsUntilMs > state.askedUntilMs;
  if (isAsked) state.askedUntilMs = restsUntilMs;
  state.restsUntilMs = Math.max(state.restsUntilMs, restsUntilMs);
  const before = state.breaker;
  state.breaker = judge(state, kind, nowMs);
  const { opened, trying } = state.breaker;
  if (opened !== before.opened) Object.assign(state, { turnedAtMs: nowMs, turnedHere: true });
  return isAsked || opened !== before.opened || trying !== before.trying;
}

function judge(state: ModelHealth, kind: CallEnd['kind'], nowMs: number): Breaker {
  if (kind === 'NEUTRAL' || kind === 'RATE_LIMITED') return afterNothing(state.breaker, nowMs);
  state.heardAtMs = nowMs;
  state.errors = countCalls(state.errors, { calls: 1, errors: kind === 'FAILED' ? 1 : 0 }, nowMs);
  return kind === 'OK'
    ? afterSuccess(state.breaker)
    : afterFailure(state.breaker, errorsAt(state.errors, nowMs), nowMs);
}

/** What another instance says of it. Its circuit is as it turned last, wherever that was. */
export function hearOf(state: ModelHealth, report: Report, nowMs: number): void {
  const { succeeded, failed, answeredMs, failedMs, turned, restMs = 0 } = report;
  for (const ms of answeredMs) {
    state.latency = observeLatency(state.latency, ms, nowMs);
    state.usual = addLatency(state.usual, ms);
  }
  if (failedMs !== undefined) state.latency = observeLatency(state.latency, failedMs, nowMs);
  const calls = succeeded + failed;
  if (calls > 0) {
    state.heardAtMs = nowMs;
    state.errors = countCalls(state.errors, { calls, errors: failed }, nowMs);
  }
  state.restsUntilMs = Math.max(state.restsUntilMs, nowMs + restMs);
  if (!turned || nowMs - turned.agoMs <= state.turnedAtMs) return;
  state.breaker = afterTurn(turned, nowMs);
  Object.assign(state, { turnedAtMs: nowMs - turned.agoMs, turnedHere: false });
}

/**
 * Until a call may be made.
 * @param others who is let try first, now that it has rested.
 */
export function restingFor(
  state: ModelHealth,
  { isTriedElsewhere, isLeftToProbe }: { isTriedElsewhere: boolean; isLeftToProbe: boolean },
  nowMs: number,
): number {
  const { breaker } = state;
  return Math.max(
    restOf(state, nowMs),
    isTriedElsewhere && breaker.state === 'OPEN' ? ASK_AGAIN_MS : 0,
    isLeftToProbe ? probeRestMs(breaker, nowMs) : 0,
  );
}

function restOf({ breaker, restsUntilMs }: ModelHealth, nowMs: number): number {
  return Math.max(0, restsUntilMs - nowMs, breakerRestMs(breaker, nowMs));
}

function describe(state: ModelHealth, isTriedElsewhere: boolean, nowMs: number): HealthView['state'] {
  if (state.breaker.state === 'OPEN' && !state.breaker.trying && !isTriedElsewhere) return 'DOWN';
  const isFine = state.breaker.state === 'CLOSED' && restOf(state, nowMs) === 0;
  return isFine && errorsAt(state.errors, nowMs).errorRate < DEGRADED_ERROR_RATE ? 'HEALTHY' : 'DEGRADED';
}

/** One that fails is due as soon as it may be called again, any other a while after it was last heard of. */
export function probeDueAtMs(
  { breaker, heardAtMs }: ModelHealth,
  everyMs: number,
  mayBeCalledAtMs: number,
): number {
  if (breaker.state === 'OPEN') return mayBeCalledAtMs;
  return Math.max(mayBeCalledAtMs, heardAtMs + (breaker.failures > 0 ? PROBE_AGAIN_MS : everyMs));
}
