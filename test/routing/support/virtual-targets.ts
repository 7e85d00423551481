import type { RouteStrategy } from '../../../src/domain/route.ts';
import { createHealth } from '../../../src/routing/health.ts';
import { planRoute } from '../../../src/routing/plan.ts';
import { createSeededRandom } from '../../../src/lib/seeded-random.ts';
import { depsOf, requestOf, routeOf, signalsOf, triedOf } from './worlds.ts';

/** A deployment in virtual time: so many calls at a time, the others wait in line. */
export interface VirtualTarget {
  model: string;
  /** Mean of exponentially distributed times. */
  serviceMs: number;
  slots: number;
}

export interface Run {
  strategy: RouteStrategy;
  targets: VirtualTarget[];
  requests: number;
  perSecond: number;
  seed: number;
}

/** How long each request took, in virtual milliseconds, with the real planner and the real health behind it. */
export function runVirtually({ strategy, targets, requests, perSecond, seed }: Run): number[] {
  let nowMs = 0;
  const random = createSeededRandom(seed);
  const health = createHealth({ monotonicMs: () => nowMs });
  const route = routeOf(
    'fast',
    strategy,
    targets.map(({ model }) => model),
  );
  const deps = depsOf({ routes: [route], signals: { ...signalsOf(), ...health }, seed });
  const request = requestOf();
  const freeAt = new Map(targets.map(({ model, slots }) => [model, Array.from({ length: slots }, () => 0)]));
  const ends: { atMs: number; model: string; tookMs: number }[] = [];
  const took: number[] = [];

  function finishUntil(untilMs: number): void {
    ends.sort((a, b) => a.atMs - b.atMs);
    while (ends[0] && ends[0].atMs <= untilMs) {
      const { atMs, model, tookMs } = ends.shift()!;
      nowMs = atMs;
      health.end(model, { kind: 'OK', latencyMs: tookMs, retryAfterMs: undefined });
    }
    nowMs = untilMs;
  }
  for (let index = 0; index < requests; index += 1) {
    finishUntil(nowMs - (Math.log(1 - random()) * 1_000) / perSecond);
    const model = triedOf(planRoute(deps, request))[0]!;
    health.begin(model);
    const slots = freeAt.get(model)!;
    const slot = slots.indexOf(Math.min(...slots));
    const { serviceMs } = targets.find((target) => target.model === model)!;
    const atMs = Math.max(nowMs, slots[slot]!) - Math.log(1 - random()) * serviceMs;
    slots[slot] = atMs;
    took.push(atMs - nowMs);
    ends.push({ atMs, model, tookMs: atMs - nowMs });
  }
  return took;
}

/** Three alike, of which one is ten times as slow as it should be. */
export const ONE_SLOW: VirtualTarget[] = [
  { model: 'a/model', serviceMs: 100, slots: 8 },
  { model: 'b/model', serviceMs: 100, slots: 8 },
  { model: 'c/slow', serviceMs: 1_000, slots: 8 },
];

/** The same, where nobody ever waits in line. */
export const ONE_SLOW_WITH_ROOM: VirtualTarget[] = ONE_SLOW.map((target) => ({ ...target, slots: 500 }));
