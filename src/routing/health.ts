import { LRUCache } from 'lru-cache';
import type { Clock } from '../lib/clock.ts';
import {
  afterFailure,
  afterNothing,
  afterSuccess,
  beginCall,
  breakerRestMs,
  CLOSED,
  probeRestMs,
  type Breaker,
} from './breaker.ts';
import { countCall, errorsAt, type ErrorWindow } from './error-window.ts';
import { latencyAt, observeLatency, type PeakLatency } from './peak-latency.ts';
import type { Signals } from './signals.ts';
import { addLatency, NO_LATENCIES, percentileOf, type UsualLatency } from './usual-latency.ts';

/** How a call of a model ended, in the terms of its health. */
export interface CallEnd {
  /** NEUTRAL: it says nothing of the model, for instance since the caller left or asked for something impossible. */
  kind: 'OK' | 'FAILED' | 'RATE_LIMITED' | 'NEUTRAL';
  /** To the first token, or to the time limit that it broke; undefined: not known. */
  latencyMs: number | undefined;
  /** What the vendor asked to wait. */
  retryAfterMs: number | undefined;
}

/** How a model is doing, as this instance sees it. */
export interface HealthView {
  model: string;
  /** UNKNOWN: nobody has called it. DEGRADED: it rests, is being tried again, or many of its calls fail. */
  state: 'UNKNOWN' | 'HEALTHY' | 'DEGRADED' | 'DOWN';
  inFlight: number;
  latencyMs: number | undefined;
  errorRate: number;
  restingMs: number;
}

/** The health of all models that are called, kept in memory. */
export interface Health extends Pick<Signals, 'inFlight' | 'latencyMs' | 'errorRate' | 'restingMs'> {
  /** False: it must not be called now. Every true is followed by one `end`. A probe is let try before callers are. */
  begin(model: string, isProbe?: boolean): boolean;
  end(model: string, end: CallEnd): void;
  view(model: string): HealthView;
  /** Names of all that something is known of. */
  listKnown(): string[];
  /**
   * Calls the listener with the name of each model that a call of begins or ends, as soon as that is counted.
   * @returns how to stop it.
   */
  watch(listener: (model: string) => void): () => void;
  /**
   * The time within which this percentage of its last answers began; undefined: too few to tell.
   * @param percentile from 0 to 100.
   */
  usualMs(model: string, percentile: number): number | undefined;
  /**
   * Those of these models that nobody has called for a while, or that may be tried again, and wait for a probe.
   * @param everyMs how long a while is.
   */
  listProbesDue(models: readonly string[], everyMs?: number): string[];
  /** From now on a probe, and no caller, is the first that tries one of these models when it has rested. */
  leaveTrialsToProbes(models: ReadonlySet<string>): void;
  /** For how long nothing was learned of a model; Infinity: nothing ever was. */
  silentMs(model: string): number;
}

interface State {
  breaker: Breaker;
  inFlight: number;
  latency: PeakLatency | undefined;
  usual: UsualLatency;
  errors: ErrorWindow;
  /** Monotonic milliseconds until which the vendor wants no call. */
  restsUntilMs: number;
  /** When something was last learned of it. */
  heardAtMs: number;
}

const NOT_CALLED: Readonly<State> = {
  breaker: CLOSED,
  inFlight: 0,
  latency: undefined,
  usual: NO_LATENCIES,
  errors: [],
  restsUntilMs: 0,
  heardAtMs: -Infinity,
};
const KEPT_MODELS = 5_000;
const PROBE_EVERY_MS = 60_000;
/** A probe that fails says little alone; it is soon repeated. */
const PROBE_AGAIN_MS = 1_000;
const DEGRADED_ERROR_RATE = 0.1;

export function createHealth(clock: Pick<Clock, 'monotonicMs'>): Health {
  const states = new LRUCache<string, State>({ max: KEPT_MODELS });
  const listeners = new Set<(model: string) => void>();
  let probed: ReadonlySet<string> = new Set();
  const now = () => clock.monotonicMs();

  function ensure(model: string): State {
    const known = states.get(model);
    if (known) return known;
    const state = { ...NOT_CALLED };
    states.set(model, state);
    return state;
  }
  function restingMs(model: string): number {
    const state = states.get(model);
    if (!state) return 0;
    return Math.max(restOf(state, now()), probed.has(model) ? probeRestMs(state.breaker, now()) : 0);
  }
  function view(model: string): HealthView {
    return viewOf(model, states.get(model), now());
  }
  function tell(model: string): void {
    for (const listener of listeners) listener(model);
  }
  return {
    view,
    listKnown: () => [...states.keys()],
    watch(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    restingMs,
    inFlight: (model) => states.get(model)?.inFlight ?? 0,
    latencyMs: (model) => view(model).latencyMs,
    errorRate: (model) => view(model).errorRate,
    usualMs: (model, percentile) => percentileOf(states.get(model)?.usual ?? NO_LATENCIES, percentile),
    begin(model, isProbe = false) {
      const state = ensure(model);
      if ((isProbe ? restOf(state, now()) : restingMs(model)) > 0) return false;
      state.breaker = beginCall(state.breaker, now());
      state.inFlight += 1;
      tell(model);
      return true;
    },
    end(model, end) {
      const state = ensure(model);
      state.inFlight = Math.max(0, state.inFlight - 1);
      learnFrom(state, end, now());
      tell(model);
    },
    listProbesDue(models, everyMs = PROBE_EVERY_MS) {
      const nowMs = now();
      return models.filter((model) => {
        const state = states.get(model);
        return !state || probeDueAtMs(state, everyMs, nowMs) <= nowMs;
      });
    },
    leaveTrialsToProbes(models) {
      probed = models;
    },
    silentMs: (model) => now() - (states.get(model) ?? NOT_CALLED).heardAtMs,
  };
}

function viewOf(model: string, state: State | undefined, nowMs: number): HealthView {
  return {
    model,
    state: state ? describe(state, nowMs) : 'UNKNOWN',
    inFlight: state?.inFlight ?? 0,
    latencyMs: state?.latency && latencyAt(state.latency, nowMs),
    errorRate: state ? errorsAt(state.errors, nowMs).errorRate : 0,
    restingMs: state ? restOf(state, nowMs) : 0,
  };
}

function learnFrom(state: State, { kind, latencyMs, retryAfterMs = 0 }: CallEnd, nowMs: number): void {
  if (latencyMs !== undefined) state.latency = observeLatency(state.latency, latencyMs, nowMs);
  if (latencyMs !== undefined && kind === 'OK') state.usual = addLatency(state.usual, latencyMs);
  state.restsUntilMs = Math.max(state.restsUntilMs, nowMs + retryAfterMs);
  if (kind === 'NEUTRAL' || kind === 'RATE_LIMITED') {
    state.breaker = afterNothing(state.breaker, nowMs);
    return;
  }
  state.heardAtMs = nowMs;
  state.errors = countCall(state.errors, kind === 'FAILED', nowMs);
  state.breaker =
    kind === 'OK'
      ? afterSuccess(state.breaker)
      : afterFailure(state.breaker, errorsAt(state.errors, nowMs), nowMs);
}

function restOf({ breaker, restsUntilMs }: State, nowMs: number): number {
  return Math.max(0, restsUntilMs - nowMs, breakerRestMs(breaker, nowMs));
}

function describe(state: State, nowMs: number): HealthView['state'] {
  if (state.breaker.state === 'OPEN' && !state.breaker.trying) return 'DOWN';
  const isFine = state.breaker.state === 'CLOSED' && restOf(state, nowMs) === 0;
  return isFine && errorsAt(state.errors, nowMs).errorRate < DEGRADED_ERROR_RATE ? 'HEALTHY' : 'DEGRADED';
}

/** One that fails is due as soon as it may be called again, any other a while after it was last heard of. */
function probeDueAtMs(state: State, everyMs: number, nowMs: number): number {
  const { breaker, heardAtMs } = state;
  const mayBeCalledAtMs = nowMs + restOf(state, nowMs);
  if (breaker.state === 'OPEN') return mayBeCalledAtMs;
  return Math.max(mayBeCalledAtMs, heardAtMs + (breaker.failures > 0 ? PROBE_AGAIN_MS : everyMs));
}
