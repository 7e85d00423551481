import { LRUCache } from 'lru-cache';
import type { Clock } from '../../lib/clock.ts';
import type { Turn } from './gate.ts';
import {
  createUpstream,
  type Caller,
  type Upstream,
  type UpstreamLimits,
  type UpstreamState,
} from './upstream.ts';

/** Where a provider takes any name, names come from callers. One that is forgotten is learned anew. */
const MAX_KNOWN = 1_000;

/**
 * The way to each model. Vendors count each model by itself, and the first words of two models cannot be compared, so each
 * has a window, a queue and pauses of its own.
 */
export interface Upstreams {
  /**
   * Waits until the model may be called. Who waits is served in turn: INTERACTIVE first, and each key alike.
   * @param model `provider/id`.
   * @throws UpstreamBusy when too many wait, or for too long; or the signal's reason.
   */
  enter(model: string, caller: Caller, signal: AbortSignal): Promise<Turn>;
  /** The models of a provider that were called lately. */
  list(provider: string): (UpstreamState & { model: string })[];
}

export function createUpstreams(limits: UpstreamLimits, clock: Pick<Clock, 'monotonicMs'>): Upstreams {
  const known = new LRUCache<string, Upstream>({ max: MAX_KNOWN });
  function findOrCreate(model: string): Upstream {
    let upstream = known.get(model);
    if (!upstream) known.set(model, (upstream = createUpstream(model, limits, clock)));
    return upstream;
  }
  return {
    enter: (model, caller, signal) => findOrCreate(model).enter(caller, signal),
    list: (provider) =>
      [...known.entries()]
        .filter(([model]) => model.startsWith(`${provider}/`))
        .map(([model, upstream]) => ({ model, ...upstream.state() })),
  };
}
