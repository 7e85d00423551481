import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Model } from '../../src/domain/model.ts';
import { ROUTE_STRATEGIES } from '../../src/domain/route.ts';
import { planRoute } from '../../src/routing/plan.ts';
import { listLeaves } from '../../src/routing/reach.ts';
import { depsOf, modelOf, requestOf, routeOf, triedOf } from './support/worlds.ts';

const MODELS = Array.from({ length: 6 }, (_, index) => `vendor/m${index}`);
const ROUTES = ['fast', 'r1', 'r2', 'r3'];
const REGIONS = ['eu', 'us', 'ch'];

const target = fc.record({
  model: fc.constantFrom(...MODELS, ...ROUTES),
  weight: fc.constantFrom(0, 0.5, 1, 1_000),
  upTo: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
  condition: fc.constantFrom(undefined, undefined, 'budgetUsed < 0.5', 'tags.env == "prod"', 'hour =='),
});
const route = fc.record({
  strategy: fc.constantFrom(...ROUTE_STRATEGIES),
  targets: fc.array(target, { maxLength: 6 }),
});
const world = fc.record({
  routes: fc.array(route, { minLength: ROUTES.length, maxLength: ROUTES.length }),
  regions: fc.array(fc.constantFrom(undefined, ...REGIONS), {
    minLength: MODELS.length,
    maxLength: MODELS.length,
  }),
  resting: fc.array(fc.constantFrom(0, 0, 100), { minLength: MODELS.length, maxLength: MODELS.length }),
  allowedRegions: fc.option(fc.subarray(REGIONS), { nil: undefined }),
  budgetUsed: fc.double({ min: 0, max: 2, noNaN: true }),
  seed: fc.integer(),
});

type World = typeof world extends fc.Arbitrary<infer Value> ? Value : never;

/** Any routes, also ones that could not be saved: others may have changed since. */
function planIn({ routes, regions, resting, allowedRegions, budgetUsed, seed }: World) {
  const models = MODELS.map((name, index) => modelOf(name, { region: regions[index] }));
  const restingMs = Object.fromEntries(MODELS.map((name, index) => [name, resting[index] ?? 0]));
  const deps = depsOf({
    routes: routes.map(({ strategy, targets }, index) => routeOf(ROUTES[index]!, strategy, targets)),
    models,
    known: { restingMs },
    seed,
  });
  return { deps, models, restingMs, plan: planRoute(deps, requestOf({}, { allowedRegions, budgetUsed })) };
}

describe('whatever the routes are', () => {
  const check = (property: (given: World) => void) =>
    fc.assert(fc.property(world, property), { numRuns: 500 });

  it('a request never leaves the allowed regions, and no model is tried that rests', () => {
    check((given) => {
      const { plan, models, restingMs } = planIn(given);
      const { allowedRegions } = given;
      const isFit = ({ name, region = '' }: Model) =>
        restingMs[name] === 0 && (!allowedRegions || allowedRegions.includes(region));
      const fit = models.filter(isFit).map(({ name }) => name);
      expect(fit).toEqual(expect.arrayContaining(triedOf(plan)));
    });
  });

  it('a plan names each model once, and only those that the route leads to', () => {
    check((given) => {
      const { plan, deps } = planIn(given);
      const named = plan.candidates.map(({ model }) => model);
      expect(new Set(named).size).toBe(named.length);
      const leaves = listLeaves(deps.findRoute('fast')!, deps.findRoute);
      expect([...leaves, ...ROUTES]).toEqual(expect.arrayContaining(named));
    });
  });

  it('every candidate tells its way, and its numbers or why it is skipped', () => {
    check((given) => {
      for (const { model, path, score, target: goal, skippedBecause } of planIn(given).plan.candidates) {
        expect([path[0], goal.model]).toEqual(['fast', model]);
        const told = skippedBecause ? [skippedBecause.message.length] : Object.values(score);
        expect(told.filter((value) => !Number.isFinite(value))).toEqual([]);
      }
    });
  });
});
