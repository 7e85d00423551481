import { LRUCache } from 'lru-cache';
import type { Clock } from '../lib/clock.ts';
import {
  countBegin,
  hearOf,
  learnFrom,
  NOT_CALLED,
  probeDueAtMs,
  restingFor,
  standingOf,
  viewOf,
  type CallEnd,
  type HealthView,
  type ModelHealth,
  type Standing,
} from './model-health.ts';
import { createPeers } from './peers.ts';
import type { Report } from './reports.ts';
import type { Signals } from './signals.ts';
import { NO_LATENCIES, percentileOf } from './usual-latency.ts';

/** What a call of this instance did to the health of its model. */
export interface Happened {
  /** Undefined: it has begun. */
  end?: CallEnd | undefined;
  /** Its circuit turned, is being tried or is no more, or its vendor wants a rest: others should know at once. */
  isTurn: boolean;
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
  /** Whether the last call of it that says anything has failed. */
  isFailing(model: string): boolean;
}

type Listener = (model: string, happened?: Happened) => void;

const KEPT_MODELS = 5_000;
const PROBE_EVERY_MS = 60_000;

export function createHealth(clock: Pick<Clock, 'monotonicMs'>): Health {
  const states = new LRUCache<string, ModelHealth>({ max: KEPT_MODELS });
  const listeners = new Set<Listener>();
  let probed: ReadonlySet<string> = new Set();
  const now = () => clock.monotonicMs();
  const peers = createPeers(now);

  function ensure(model: string): ModelHealth {
    const known = states.get(model);
    if (known) return known;
    const state = { ...NOT_CALLED };
    states.set(model, state);
    return state;
  }
  function restingMs(model: string, isProbe = false): number {
    const others = { isTriedElsewhere: peers.isTrying(model), isLeftToProbe: !isProbe && probed.has(model) };
    return restingFor(states.get(model) ?? NOT_CALLED, others, now());
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
      peers.hear(instance, reports);
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
    isFailing: (model) => (states.get(model) ?? NOT_CALLED).breaker.failures > 0,
  };
}
