import { LRUCache } from 'lru-cache';
import { GatewayError } from '../domain/errors.ts';
import type { Ask } from '../domain/ask.ts';
import type { Principal } from '../domain/principal.ts';
import type { RouteShadow } from '../domain/route.ts';
import { atMost } from '../lib/at-most.ts';
import type { Admitted } from './admit.ts';
import { inBackground } from './background.ts';
import type { Request } from './complete.ts';
import type { Run } from './run.ts';

/** Of all routes together. */
const RUNNING_MAX = 200;
const KEPT_ROUTES = 10_000;

/** What became of the copies of one route, in this process since its start. */
export interface ShadowCounts {
  /** Those that were let in. */
  copied: number;
  /** Those that were not made: too many were under way, or they were refused. */
  dropped: number;
  /** Why the last one of these was not. */
  lastDropped: string | undefined;
}

/** Where the caller is. */
type From = Pick<Request, 'region'>;

/** Copies of what callers ask for. */
export interface Shadows {
  /** Neither waits nor throws, so that no caller is ever the worse for it. */
  copy(admitted: Admitted, request: From): void;
  countsOf(routeId: string): ShadowCounts;
}

/** @param start begins a completion that nobody waits for. */
export function createShadows(
  start: (who: Principal, ask: Ask, from: From) => Run,
  random: () => number = Math.random,
): Shadows {
  const counts = new LRUCache<string, ShadowCounts>(atMost(KEPT_ROUTES));
  const running = new Map<Run, string>();

  function ensureCounts(routeId: string): ShadowCounts {
    const known = counts.get(routeId);
    if (known) return known;
    const made = { copied: 0, dropped: 0, lastDropped: undefined };
    counts.set(routeId, made);
    return made;
  }
  function drop(routeId: string, why: string): void {
    const count = ensureCounts(routeId);
    count.dropped += 1;
    count.lastDropped = why;
  }
  function hasRoom(routeId: string, { maxConcurrent }: RouteShadow): boolean {
    const ofRoute = running.values().filter((id) => id === routeId);
    return running.size < RUNNING_MAX && [...ofRoute].length < maxConcurrent;
  }
  async function follow(run: Run, routeId: string): Promise<void> {
    running.set(run, routeId);
    try {
      await run.started;
      ensureCounts(routeId).copied += 1;
      await run.ended;
    } catch (error) {
      drop(routeId, error instanceof GatewayError ? error.message : 'it met an unexpected error');
    } finally {
      running.delete(run);
    }
  }
  function begin(routeId: string, to: RouteShadow, { completion, course }: Admitted, from: From): void {
    if (!hasRoom(routeId, to))
      return drop(routeId, `${to.maxConcurrent} copies were under way, as many as may be`);
    const { who, ask } = course.targets[0].planned.grant;
    const asking = inBackground(who, { origin: 'SHADOW', shadowOf: completion.id });
    void follow(start(asking, { ...ask, model: to.model, priority: 'BATCH' }, from), routeId);
  }

  return {
    copy(admitted, { region }) {
      const { shadow, targets } = admitted.course;
      if (!shadow || targets[0].planned.grant.who.background) return;
      const { routeId, to } = shadow;
      // What the caller waits for is called first.
      if (random() * 100 < to.percent) setImmediate(begin, routeId, to, admitted, { region });
    },
    countsOf: (routeId) => counts.get(routeId) ?? { copied: 0, dropped: 0, lastDropped: undefined },
  };
}
