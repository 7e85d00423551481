import type { Route } from '../../../src/domain/route.ts';
import { learn, learnFeedback, NOTHING_LEARNED, type Arm } from '../../../src/routing/learned.ts';
import { planRoute } from '../../../src/routing/plan.ts';
import { createSeededRandom } from '../../../src/lib/seeded-random.ts';
import { depsOf, requestOf, routeOf, signalsOf, triedOf } from './worlds.ts';

/** How a target is in truth. */
export interface VirtualArm {
  model: string;
  success: number;
  /** Mean of what people say of its answers; undefined: nobody says anything. */
  feedback?: number;
  costNanos?: number;
  latencyMs?: number;
}

export interface Learning {
  strategy: Route['strategy'];
  arms: VirtualArm[];
  requests: number;
  seed: number;
  /** Changes what the targets are like, before the request of this number. */
  turn?: { at: number; arms: VirtualArm[] };
}

/** What came of it. Regret: successes (or pleased people) that the best target would have had beside, expected. */
export interface Learned {
  regret: number;
  /** Share of each target among the last tenth of the requests. */
  lastShares: Record<string, number>;
  arms: Map<string, Arm>;
}

/** Lets a route learn from targets whose truth is known. */
export function runLearning({ strategy, arms: first, requests, seed, turn }: Learning): Learned {
  const random = createSeededRandom(seed);
  const learned = new Map<string, Arm>();
  const route = routeOf(
    'fast',
    strategy,
    first.map(({ model }) => model),
  );
  let arms = first;
  const find = (model: string) => arms.find((arm) => arm.model === model)!;
  const signals = {
    ...signalsOf(),
    arm: (_route: string, target: string) => learned.get(target),
    costNanos: ({ name }: { name: string }) => find(name).costNanos,
  };
  const deps = depsOf({ routes: [route], signals, seed });
  const worthOf = ({ success, feedback = 1 }: VirtualArm) => success * feedback;
  const lastShares: Record<string, number> = {};
  let regret = 0;
  for (let index = 0; index < requests; index += 1) {
    if (turn?.at === index) ({ arms } = turn);
    const model = triedOf(planRoute(deps, requestOf()))[0]!;
    const { success, feedback, costNanos, latencyMs } = find(model);
    const succeeded = random() < success;
    const arm = learn(learned.get(model) ?? NOTHING_LEARNED, { succeeded, costNanos, latencyMs });
    const isRated = succeeded && feedback !== undefined && random() < 0.2;
    learned.set(model, isRated ? learnFeedback(arm, random() < feedback ? 1 : 0) : arm);
    regret += Math.max(...arms.map(worthOf)) - worthOf(find(model));
    if (index >= requests * 0.9) lastShares[model] = (lastShares[model] ?? 0) + 10 / requests;
  }
  return { regret, lastShares, arms: learned };
}
