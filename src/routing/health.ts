import { LRUCache } from 'lru-cache';
import type { Clock } from '../lib/clock.ts';
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
import { createPeers, type PeerCalls } from './peers.ts';
import type { Report } from './reports.ts';
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

/** What a call of this instance did to the health of its model. */
export interface Happened {
  /** Undefined: it has begun. */
  end?: CallEnd | undefined;
  /** Its circuit turned, is being tried or is no more, or its vendor wants a rest: others should know at once. */
  isTurn: boolean;
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

/** The health of all models that are called, by this instance and by the others that it hears of, kept in memory. */
export interface Health extends Pick<Signals, 'inFlight' | 'latencyMs' | 'errorRate' | 'restingMs'> {
  /** False: it must not be called now. Every true is followed by one `end`. A probe is let try before callers are. */
  begin(model: string, isProbe?: boolean): boolean;
  end(model: string, end: CallEnd): void;
  view(model: string): HealthView;
  /** Names of all that something is known of. */
  listKnown(): string[];
  /**
   * Calls the listener with the name of each model that something is learned of, as soon as that is counted, and with what
   * happened where that was a call of this instance.
   * @returns how to stop it.
   */
  watch(listener: Listener): () => void;
  standing(model: string): Standing;
  /** Whether that instance was heard of lately. */
  knows(instance: string): boolean;
  /** Learns from the calls of another instance as if they had been made here. */
  hear(instance: string, reports: readonly Report[]): void;
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

type Listener = (model: string, happened?: Happened) => void;

interface State {
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

const NOT_CALLED: Readonly<State> = {
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
const KEPT_MODELS = 5_000;
const PROBE_EVERY_MS = 60_000;
/** A probe that fails says little alone; it is soon repeated. */
const PROBE_AGAIN_MS = 1_000;
const DEGRADED_ERROR_RATE = 0.1;

export function createHealth(clock: Pick<Clock, 'monotonicMs'>): Health {
  const states = new LRUCache<string, State>({ max: KEPT_MODELS });
  const listeners = new Set<Listener>();
  let probed: ReadonlySet<string> = new Set();
  const now = () => clock.monotonicMs();
  const peers = createPeers(now);

  function ensure(model: string): State {
    const known = states.get(model);
    if (known) return known;
    const state = { ...NOT_CALLED };
    states.set(model, state);
    return state;
  }
  function restingMs(model: string, isProbe = false): number {
    const state = states.get(model);
    if (!state) return 0;
    const isTried = state.breaker.state === 'OPEN' && peers.isTrying(model);
    const waitsForProbe = !isProbe && probed.has(model);
    return Math.max(
      restOf(state, now()),
      isTried ? ASK_AGAIN_MS : 0,
      waitsForProbe ? probeRestMs(state.breaker, now()) : 0,
    );
  }
  function view(model: string): HealthView {
    const elsewhere = { inFlight: peers.inFlight(model), isTrying: peers.isTrying(model) };
    return { ...viewOf(model, states.get(model), elsewhere, now()), restingMs: restingMs(model) };
  }
  function tell(model: string, happened?: Happened): void {
    for (const listener of listeners) listener(model, happened);
  }
  return {
    view,
    listKnown: () => [...states.keys()],
    watch(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    standing: (model) => standingOf(states.get(model) ?? NOT_CALLED, now()),
    knows: peers.isKnown,
    hear(instance, reports) {
      peers.hear(
        instance,
        reports.map((report) => [report.model, report]),
      );
      for (const report of reports) {
        hearOf(ensure(report.model), report, now());
        tell(report.model);
      }
    },
    restingMs: (model) => restingMs(model),
    inFlight: (model) => (states.get(model)?.inFlight ?? 0) + peers.inFlight(model),
    latencyMs: (model) => view(model).latencyMs,
    errorRate: (model) => view(model).errorRate,
    usualMs: (model, percentile) => percentileOf(states.get(model)?.usual ?? NO_LATENCIES, percentile),
    begin(model, isProbe = false) {
      if (restingMs(model, isProbe) > 0) return false;
      tell(model, { isTurn: countBegin(ensure(model), now()) });
      return true;
    },
    end(model, end) {
      const state = ensure(model);
      tell(model, { end, isTurn: learnFrom(state, end, now()) });
    },
    listProbesDue(models, everyMs = PROBE_EVERY_MS) {
      const nowMs = now();
      return models.filter((model) => {
        const state = states.get(model);
        return !state || probeDueAtMs(state, everyMs, nowMs + restingMs(model, true)) <= nowMs;
      });
    },
    leaveTrialsToProbes(models) {
      probed = models;
    },
    silentMs: (model) => now() - (states.get(model) ?? NOT_CALLED).heardAtMs,
  };
}

function viewOf(
  model: string,
  state: State | undefined,
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

function standingOf(state: State, nowMs: number): Standing {
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
function countBegin(state: State, nowMs: number): boolean {
  const isTry = state.breaker.state === 'OPEN';
  state.breaker = beginCall(state.breaker, nowMs);
  state.inFlight += 1;
  // What others say of the time before does not end the try.
  if (isTry) Object.assign(state, { turnedAtMs: nowMs, turnedHere: false });
  return isTry;
}

/** @returns whether others should know at once. */
function learnFrom(state: State, { kind, latencyMs, retryAfterMs = 0 }: CallEnd, nowMs: number): boolean {
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

function judge(state: State, kind: CallEnd['kind'], nowMs: number): Breaker {
  if (kind === 'NEUTRAL' || kind === 'RATE_LIMITED') return afterNothing(state.breaker, nowMs);
  state.heardAtMs = nowMs;
  state.errors = countCalls(state.errors, { calls: 1, errors: kind === 'FAILED' ? 1 : 0 }, nowMs);
  return kind === 'OK'
    ? afterSuccess(state.breaker)
    : afterFailure(state.breaker, errorsAt(state.errors, nowMs), nowMs);
}

/** What another instance says of it. Its circuit is as it turned last, wherever that was. */
function hearOf(state: State, report: Report, nowMs: number): void {
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

function restOf({ breaker, restsUntilMs }: State, nowMs: number): number {
  return Math.max(0, restsUntilMs - nowMs, breakerRestMs(breaker, nowMs));
}

function describe(state: State, isTriedElsewhere: boolean, nowMs: number): HealthView['state'] {
  if (state.breaker.state === 'OPEN' && !state.breaker.trying && !isTriedElsewhere) return 'DOWN';
  const isFine = state.breaker.state === 'CLOSED' && restOf(state, nowMs) === 0;
  return isFine && errorsAt(state.errors, nowMs).errorRate < DEGRADED_ERROR_RATE ? 'HEALTHY' : 'DEGRADED';
}

/** One that fails is due as soon as it may be called again, any other a while after it was last heard of. */
function probeDueAtMs({ breaker, heardAtMs }: State, everyMs: number, mayBeCalledAtMs: number): number {
  if (breaker.state === 'OPEN') return mayBeCalledAtMs;
  return Math.max(mayBeCalledAtMs, heardAtMs + (breaker.failures > 0 ? PROBE_AGAIN_MS : everyMs));
}
