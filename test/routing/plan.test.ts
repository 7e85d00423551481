import { describe, expect, it } from 'vitest';
import type { AskInput } from '../../src/domain/ask.ts';
import type { Model } from '../../src/domain/model.ts';
import { MAX_DEPTH, planRoute } from '../../src/routing/plan.ts';
import type { RoutingRequest } from '../../src/routing/request.ts';
import { depsOf, modelOf, requestOf, routeOf, skippedOf, triedOf, type Known } from './support/worlds.ts';

const A = 'a/x';
const B = 'b/x';
const image = {
  parts: [{ imageUrl: 'https://example.com/a.png' }, { text: 'What is it?' }],
  role: 'USER' as const,
};
const sound = { mediaType: 'audio/wav', dataBase64: 'AAAA' };
const tool = { name: 'look', parameters: { type: 'object' } };

/** A plan over A, which is as given, and B, which can do everything everywhere. */
function planWith(model: Partial<Model>, request: RoutingRequest, known: Known = {}) {
  const able: Partial<Model> = {
    capabilities: ['TEXT', 'VISION', 'AUDIO', 'TOOLS', 'JSON_SCHEMA', 'REASONING'],
  };
  return planRoute(
    depsOf({
      routes: [routeOf('fast', 'PRIORITY', [A, B])],
      models: [modelOf(A, model), modelOf(B, { ...able, region: 'eu' })],
      known,
    }),
    request,
  );
}

describe('a target that cannot answer this request is skipped', () => {
  const declared = (...capabilities: Model['capabilities']): Partial<Model> => ({
    capabilities,
    capabilitiesDeclared: true,
  });
  const rows: { lack: string; model: Partial<Model>; ask?: Partial<AskInput>; because: string }[] = [
    {
      lack: 'vision',
      model: declared('TEXT', 'TOOLS'),
      ask: { source: { messages: [image] } },
      because: 'a/x lacks VISION',
    },
    {
      lack: 'hearing',
      model: declared('TEXT'),
      ask: { source: { messages: [{ role: 'USER', parts: [{ file: sound }] }] } },
      because: 'a/x lacks AUDIO',
    },
    { lack: 'tools', model: declared('TEXT', 'VISION'), ask: { tools: [tool] }, because: 'a/x lacks TOOLS' },
    {
      lack: 'JSON Schema',
      model: declared('TEXT'),
      ask: { output: { jsonSchema: { type: 'object' } }, tools: [tool] },
      because: 'a/x lacks TOOLS, JSON_SCHEMA',
    },
    {
      lack: 'reasoning',
      model: declared('TEXT'),
      ask: { params: { reasoning: 'HIGH' } },
      because: 'a/x lacks REASONING',
    },
    { lack: 'text', model: { capabilities: ['EMBEDDINGS'] }, because: 'a/x lacks TEXT' },
    {
      lack: 'context for prompt and answer',
      model: { contextWindow: 1_000 },
      ask: { params: { maxOutputTokens: 991 } },
      because: 'about 1001 tokens are needed; a/x takes 1000',
    },
  ];
  it.each(rows)('that lacks $lack', ({ model, ask, because }) => {
    const plan = planWith(model, requestOf(ask));
    expect(triedOf(plan)).toEqual([B]);
    expect(skippedOf(plan)).toEqual({ [A]: because });
  });

  it('but not for what nobody has said that it lacks', () => {
    expect(triedOf(planWith({}, requestOf({ tools: [tool], source: { messages: [image] } })))).toEqual([
      A,
      B,
    ]);
  });

  it('nor for reasoning that is not wanted', () => {
    const request = requestOf({ params: { reasoning: 'NONE' } });
    expect(triedOf(planWith(declared('TEXT'), request))).toEqual([A, B]);
  });

  it('while it rests', () => {
    const one = planWith({}, requestOf(), { restingMs: { [A]: 1_500 } });
    expect(skippedOf(one)).toEqual({ [A]: 'a/x rests for 1500 ms' });
    const both = planWith({}, requestOf(), { restingMs: { [A]: 1_500, [B]: 700 } });
    expect(triedOf(both)).toEqual([]);
  });
});

describe('a condition', () => {
  const cheaperWhenSpent = routeOf('fast', 'PRIORITY', [
    { model: 'strong/x', condition: 'budgetUsed < 0.8' },
    'cheap/x',
  ]);

  it.each([
    { budgetUsed: 0.1, tried: ['strong/x', 'cheap/x'] },
    { budgetUsed: 0.8, tried: ['cheap/x'] },
    { budgetUsed: 1.2, tried: ['cheap/x'] },
  ])('takes the cheaper way with $budgetUsed of the budget used', ({ budgetUsed, tried }) => {
    const deps = depsOf({ routes: [cheaperWhenSpent] });
    expect(triedOf(planRoute(deps, requestOf({}, { budgetUsed })))).toEqual(tried);
  });

  it('is the reason that is told', () => {
    const plan = planRoute(depsOf({ routes: [cheaperWhenSpent] }), requestOf({}, { budgetUsed: 1 }));
    expect(skippedOf(plan)).toEqual({ 'strong/x': 'not budgetUsed < 0.8' });
  });

  it('can stand before a whole route', () => {
    const routes = [
      routeOf('fast', 'PRIORITY', [{ model: 'night', condition: 'hour >= 22 || hour < 6' }, A]),
      routeOf('night', 'PRIORITY', ['batch/x']),
    ];
    const at = (time: string) => requestOf({}, { at: new Date(`2026-03-01T${time}:00Z`) });
    expect(triedOf(planRoute(depsOf({ routes }), at('23:00')))).toEqual(['batch/x', A]);
    expect(triedOf(planRoute(depsOf({ routes }), at('12:00')))).toEqual([A]);
  });
});

describe('a route in a route', () => {
  const known = { costNanos: { 'c/x': 1, 'd/x': 2 } };

  it('has its candidates in its place, with the way to them and the numbers of both', () => {
    const routes = [
      routeOf('fast', 'PRIORITY', [A, 'cheap', B]),
      routeOf('cheap', 'LOWEST_COST', ['d/x', 'c/x']),
    ];
    const { route, candidates } = planRoute(depsOf({ routes, known }), requestOf());
    expect(route).toEqual({ name: 'fast', version: 1, strategy: 'PRIORITY' });
    expect(candidates.map(({ model, path, score }) => ({ model, path, score }))).toEqual([
      { model: A, path: ['fast'], score: { place: 0 } },
      { model: 'c/x', path: ['fast', 'cheap'], score: { place: 1, 'cheap.costNanos': 1 } },
      { model: 'd/x', path: ['fast', 'cheap'], score: { place: 1, 'cheap.costNanos': 2 } },
      { model: B, path: ['fast'], score: { place: 2 } },
    ]);
  });

  it('is judged by the one that would answer', () => {
    const routes = [
      routeOf('fast', 'LOWEST_COST', ['d/x', 'cheap']),
      routeOf('cheap', 'PRIORITY', ['c/x', A]),
    ];
    expect(triedOf(planRoute(depsOf({ routes, known }), requestOf()))).toEqual(['c/x', A, 'd/x']);
  });

  it('counts as nothing where none of it can answer', () => {
    const routes = [routeOf('fast', 'PRIORITY', ['down', A]), routeOf('down', 'PRIORITY', [B])];
    const plan = planRoute(depsOf({ routes, known: { restingMs: { [B]: 100 } } }), requestOf());
    expect(triedOf(plan)).toEqual([A]);
    expect(skippedOf(plan)).toEqual({ [B]: 'b/x rests for 100 ms' });
  });

  it('names each model once, where it comes first', () => {
    const routes = [routeOf('fast', 'PRIORITY', ['inner', A, 'inner']), routeOf('inner', 'PRIORITY', [B, A])];
    const { candidates } = planRoute(depsOf({ routes }), requestOf());
    expect(candidates.map(({ model, path }) => [model, path])).toEqual([
      [B, ['fast', 'inner']],
      [A, ['fast', 'inner']],
    ]);
  });

  it('is planned once, so that many ways to the same take no longer', () => {
    const names = Array.from({ length: MAX_DEPTH }, (_, depth) => `r${depth}`);
    const routes = names.map((name, depth) =>
      routeOf(
        name,
        'ROUND_ROBIN',
        depth + 1 < names.length ? Array.from({ length: 50 }, () => names[depth + 1]!) : [A],
      ),
    );
    expect(triedOf(planRoute(depsOf({ routes }), requestOf({ model: 'r0' })))).toEqual([A]);
  });

  it('that is gone, goes in a circle or is too deep is skipped with that reason', () => {
    const circle = [
      routeOf('fast', 'PRIORITY', ['other', 'gone', A]),
      routeOf('other', 'PRIORITY', ['fast']),
    ];
    const plan = planRoute(depsOf({ routes: circle }), requestOf());
    expect(triedOf(plan)).toEqual([A]);
    expect(skippedOf(plan)).toEqual({
      fast: 'fast → other → fast goes in a circle',
      gone: 'there is no route "gone"',
    });
    const deep = Array.from({ length: MAX_DEPTH + 1 }, (_, depth) =>
      routeOf(`r${depth}`, 'PRIORITY', [depth < MAX_DEPTH ? `r${depth + 1}` : A]),
    );
    const { candidates } = planRoute(depsOf({ routes: deep }), requestOf({ model: 'r0' }));
    expect(candidates.map(({ skippedBecause }) => skippedBecause?.code)).toEqual(['TOO_DEEP']);
  });
});

describe('a name that is no route', () => {
  it('with a slash is the plan for that model', () => {
    const plan = planRoute(depsOf({ routes: [], models: [modelOf(A)] }), requestOf({ model: A }));
    expect(plan).toMatchObject({
      route: undefined,
      candidates: [{ model: A, path: [], skippedBecause: undefined }],
    });
  });

  it.each([
    { name: 'no/model', because: 'there is no model "no/model"' },
    { name: 'nothing', because: 'there is no route "nothing"' },
  ])('$name is told', ({ name, because }) => {
    expect(skippedOf(planRoute(depsOf({ routes: [] }), requestOf({ model: name })))).toEqual({
      [name]: because,
    });
  });
});

it('the same signals and draws make the same plan, and nothing is changed by it', () => {
  const routes = [routeOf('fast', 'LEARNED', [A, 'inner']), routeOf('inner', 'WEIGHTED', [B, 'c/x'])];
  const copy = structuredClone(routes);
  const plans = [1, 2].map(() => planRoute(depsOf({ routes, seed: 7 }), requestOf()));
  expect(plans[0]).toEqual(plans[1]);
  expect(routes).toEqual(copy);
});
