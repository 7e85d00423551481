import { describe, expect, it } from 'vitest';
import { NOTHING_USED } from '../../src/domain/outcome.ts';
import type { Usage } from '../../src/domain/completion.ts';
import { createArms } from '../../src/routing/arms.ts';
import { createMeasures } from '../../src/routing/measures.ts';
import { planRoute } from '../../src/routing/plan.ts';
import { depsOf, modelOf, requestOf, routeOf, triedOf } from './support/worlds.ts';

const ORG = 'org_1';
const WAY = { model: 'a/x', path: ['fast', 'cheap'] };
const GOOD = { succeeded: true, costNanos: 10, latencyMs: 5, usage: undefined };
const noPrice = () => undefined;
const measures = () =>
  createMeasures(
    { monotonicMs: () => 0 },
    createArms((organisationId, route) => ({ routeId: `${organisationId} ${route}`, learning: 0 })),
  );

describe('what is measured', () => {
  it('is learned by every route on the way, each of its own target', () => {
    const { observe, observeFeedback, signalsFor, viewArms } = measures();
    observe(ORG, WAY, GOOD);
    observeFeedback(ORG, WAY, 0.5);
    const signals = signalsFor(ORG, noPrice);
    expect(signals.arm('fast', 'cheap')).toMatchObject({
      success: { count: 1 },
      feedback: { count: 1, sum: 0.5 },
    });
    expect(signals.arm('cheap', 'a/x')).toMatchObject({ costNanos: { count: 1, sum: 10 } });
    expect(signals.arm('fast', 'a/x')).toBeUndefined();
    expect(viewArms(ORG, 'fast', ['cheap', 'b/x']).map(({ target, pulls }) => [target, pulls])).toEqual([
      ['cheap', 1],
      ['b/x', 0],
    ]);
  });

  it('is no other organisation’s, but for the health of models', () => {
    const { health, observe, signalsFor } = measures();
    observe(ORG, WAY, GOOD);
    health.begin('a/x');
    health.end('a/x', { kind: 'RATE_LIMITED', latencyMs: undefined, retryAfterMs: 900 });
    const [own, other] = [signalsFor(ORG, noPrice), signalsFor('org_2', noPrice)];
    expect([own.takeTurn('fast'), own.takeTurn('fast'), other.takeTurn('fast')]).toEqual([0, 1, 0]);
    expect(other.arm('cheap', 'a/x')).toBeUndefined();
    expect(other.restingMs('a/x')).toBe(900);
  });

  it('prices a model by the cache hits that it has', () => {
    const { observe, signalsFor } = measures();
    const costOf = (model: { name: string }, { input, cacheRead }: Usage) =>
      model.name === 'c/unpriced'
        ? undefined
        : BigInt(model.name === 'a/x' ? input - 0.9 * cacheRead : 0.8 * input);
    const deps = depsOf({
      routes: [routeOf('fast', 'LOWEST_COST', ['a/x', 'b/x', 'c/unpriced'])],
      models: [modelOf('a/x')],
      signals: signalsFor(ORG, costOf),
    });
    const request = requestOf({}, { inputTokens: 1_000 });
    expect(triedOf(planRoute(deps, request))).toEqual(['b/x', 'a/x', 'c/unpriced']);
    const usage: Usage = { ...NOTHING_USED, input: 1_000, cacheRead: 500, source: 'REPORTED' };
    observe(ORG, WAY, { ...GOOD, usage });
    expect(triedOf(planRoute(deps, request))).toEqual(['a/x', 'b/x', 'c/unpriced']);
  });
});
