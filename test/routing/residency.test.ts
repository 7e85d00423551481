import { describe, expect, it } from 'vitest';
import type { Model } from '../../src/domain/model.ts';
import { allowedByAll } from '../../src/domain/regions.ts';
import { planRoute } from '../../src/routing/plan.ts';
import type { RoutingRequest } from '../../src/routing/request.ts';
import { depsOf, modelOf, requestOf, routeOf, skippedOf, triedOf, type Known } from './support/worlds.ts';

const A = 'a/x';
const B = 'b/x';
const tool = { name: 'look', parameters: { type: 'object' } };

/** A plan over A, which is as given, and B, which is in the European Union. */
function planWith(model: Partial<Model>, request: RoutingRequest, known: Known = {}) {
  const routes = [routeOf('fast', 'PRIORITY', [A, B])];
  const models = [modelOf(A, model), modelOf(B, { region: 'eu' })];
  return planRoute(depsOf({ routes, models, known }), request);
}

describe('data residency', () => {
  it.each([
    { where: 'another region', region: 'us', because: 'a/x is in us; allowed: eu, ch' },
    {
      where: 'a region that nobody has told',
      region: undefined,
      because: 'a/x has no region; allowed: eu, ch',
    },
  ])('keeps a request from $where', ({ region, because }) => {
    const plan = planWith({ region }, requestOf({}, { allowedRegions: ['eu', 'ch'] }));
    expect(triedOf(plan)).toEqual([B]);
    expect(skippedOf(plan)).toEqual({ [A]: because });
  });

  it('comes before everything else that speaks against a target', () => {
    const request = requestOf({ tools: [tool] }, { allowedRegions: ['eu'] });
    const plan = planWith({ ...modelOf(A), capabilitiesDeclared: true }, request, { restingMs: { [A]: 9 } });
    expect(plan.candidates.find(({ model }) => model === A)?.skippedBecause?.code).toBe('REGION');
  });

  it('holds for a model that is asked for by its own name, and with no region allowed', () => {
    const ask = { model: A };
    expect(triedOf(planWith({ region: 'us' }, requestOf(ask, { allowedRegions: ['eu'] })))).toEqual([]);
    expect(triedOf(planWith({ region: 'eu' }, requestOf(ask, { allowedRegions: ['eu'] })))).toEqual([A]);
    expect(triedOf(planWith({ region: 'eu' }, requestOf(ask, { allowedRegions: [] })))).toEqual([]);
  });

  it('is kept through routes in routes, whatever the strategy', () => {
    const models = [modelOf(A, { region: 'us' }), modelOf(B, { region: 'eu' })];
    const routes = [routeOf('fast', 'ROUND_ROBIN', ['inner', A]), routeOf('inner', 'WEIGHTED', [A, B])];
    const deps = depsOf({ routes, models });
    for (let turn = 0; turn < 10; turn += 1) {
      expect(triedOf(planRoute(deps, requestOf({}, { allowedRegions: ['eu'] })))).toEqual([B]);
    }
  });
});

describe('the regions that several rules allow', () => {
  it.each([
    { rules: [undefined, undefined], allowed: undefined },
    { rules: [['eu', 'us'], undefined, undefined], allowed: ['eu', 'us'] },
    { rules: [undefined, ['eu']], allowed: ['eu'] },
    { rules: [['eu', 'us', 'ch'], ['ch', 'eu'], ['eu']], allowed: ['eu'] },
    { rules: [['eu'], ['us']], allowed: [] },
    { rules: [[], undefined], allowed: [] },
  ])('of $rules are $allowed', ({ rules, allowed }) => {
    expect(allowedByAll(...rules)).toEqual(allowed);
  });
});
