import { parseAsk, type Ask, type AskInput } from '../../../src/domain/ask.ts';
import type { Model } from '../../../src/domain/model.ts';
import type { Route, RouteTarget } from '../../../src/domain/route.ts';
import { createSeededRandom } from '../../../src/lib/seeded-random.ts';
import { factsOf } from '../../../src/routing/ask-facts.ts';
import { createConditions } from '../../../src/routing/conditions.ts';
import type { Arm } from '../../../src/routing/learned.ts';
import { planRoute, type Candidate, type PlanDeps, type RoutePlan } from '../../../src/routing/plan.ts';
import type { RoutingRequest } from '../../../src/routing/request.ts';
import type { Signals } from '../../../src/routing/signals.ts';

const AT = new Date('2026-03-01T14:30:00Z');

export function modelOf(name: string, more: Partial<Model> = {}): Model {
  const slash = name.indexOf('/');
  return {
    name,
    provider: name.slice(0, slash),
    id: name.slice(slash + 1),
    displayName: name,
    capabilities: ['TEXT'],
    capabilitiesDeclared: false,
    contextWindow: undefined,
    maxOutputTokens: undefined,
    deprecated: false,
    continues: false,
    region: undefined,
    ...more,
  };
}

/** A target by its name alone, or with more. */
export type TargetInput = string | ({ model: string } & Partial<RouteTarget>);

export function targetOf(input: TargetInput): RouteTarget {
  const given = typeof input === 'string' ? { model: input } : input;
  return { weight: 1, condition: undefined, timeouts: {}, retries: 0, upTo: undefined, ...given };
}

export function routeOf(
  name: string,
  strategy: Route['strategy'],
  targets: TargetInput[],
  more: Partial<Route> = {},
): Route {
  return {
    id: `route_${name}`,
    organisationId: 'org_1',
    version: 1,
    learning: 0,
    createdAt: AT,
    updatedAt: AT,
    updatedBy: 'key_1',
    name,
    strategy,
    targets: targets.map(targetOf),
    stickyBy: 'END_USER',
    onCut: 'FAIL',
    fallbackOn: ['ERROR', 'TIMEOUT', 'RATE_LIMITED', 'CONTEXT_OVERFLOW'],
    repairs: 0,
    hedgePercentile: undefined,
    shadow: undefined,
    probeSeconds: undefined,
    ...more,
  };
}

export function requestOf(
  ask: Partial<AskInput> = {},
  more: Partial<Omit<RoutingRequest, 'ask'>> = {},
): RoutingRequest {
  return {
    ask: factsOf(
      parseAsk({ model: 'fast', source: { text: 'What is a sluice?' }, ...ask }) as Ask,
      more.inputTokens ?? 10,
    ),
    team: 'web',
    region: undefined,
    allowedRegions: undefined,
    inputTokens: 10,
    outputTokens: 100,
    budgetUsed: 0,
    flags: {},
    at: AT,
    ...more,
  };
}

/** What the signals say of models by name; of the others they know nothing. */
export interface Known {
  inFlight?: Record<string, number>;
  latencyMs?: Record<string, number>;
  errorRate?: Record<string, number>;
  restingMs?: Record<string, number>;
  costNanos?: Record<string, number>;
  arms?: Record<string, Arm>;
}

export function signalsOf(known: Known = {}): Signals {
  const turns = new Map<string, number>();
  return {
    inFlight: (model) => known.inFlight?.[model] ?? 0,
    latencyMs: (model) => known.latencyMs?.[model],
    errorRate: (model) => known.errorRate?.[model] ?? 0,
    restingMs: (model) => known.restingMs?.[model] ?? 0,
    costNanos: ({ name }) => known.costNanos?.[name],
    arm: (route, target) => known.arms?.[`${route} ${target}`],
    takeTurn(route) {
      const turn = turns.get(route) ?? 0;
      turns.set(route, turn + 1);
      return turn;
    },
  };
}

/** Everything a plan needs, of these routes and models; models that routes name are there without being listed. */
export function depsOf(world: {
  routes: Route[];
  models?: Model[];
  known?: Known;
  signals?: Signals;
  seed?: number;
}): PlanDeps {
  const routes = new Map(world.routes.map((route) => [route.name, route]));
  const named = world.routes.flatMap(({ targets }) => targets.map(({ model }) => model));
  const models = new Map(named.filter((name) => name.includes('/')).map((name) => [name, modelOf(name)]));
  for (const model of world.models ?? []) models.set(model.name, model);
  return {
    findRoute: (name) => routes.get(name),
    findModel: (name) => models.get(name),
    conditions: createConditions(),
    signals: world.signals ?? signalsOf(world.known),
    random: createSeededRandom(world.seed ?? 1),
  };
}

/** The models that would be tried, in order. */
export function triedOf({ candidates }: RoutePlan): string[] {
  return candidates.filter(({ skippedBecause }) => !skippedBecause).map(({ model }) => model);
}

/** Those that would not be, with their reasons. */
export function skippedOf({ candidates }: RoutePlan): Record<string, string> {
  const skipped = candidates.filter(({ skippedBecause }) => skippedBecause);
  return Object.fromEntries(
    skipped.map(({ model, skippedBecause }: Candidate) => [model, skippedBecause?.message ?? '']),
  );
}

/** How often each model comes first among many plans. */
export function countFirst(deps: PlanDeps, request: RoutingRequest, plans: number): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let index = 0; index < plans; index += 1) {
    const first = triedOf(planRoute(deps, request))[0] ?? 'none';
    counts[first] = (counts[first] ?? 0) + 1;
  }
  return counts;
}
