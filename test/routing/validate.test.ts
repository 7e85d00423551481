import { describe, expect, it } from 'vitest';
import type { RouteSpec } from '../../src/domain/route.ts';
import { MAX_DEPTH } from '../../src/routing/plan.ts';
import { validateRoute } from '../../src/routing/validate.ts';
import { modelOf, routeOf, type TargetInput } from './support/worlds.ts';

const MODELS = [
  modelOf('a/x', { region: 'us' }),
  modelOf('b/x', { region: 'eu' }),
  modelOf('c/embed', { capabilities: ['EMBEDDINGS'] }),
  modelOf('d/x', { continues: true }),
];
const OTHERS = [
  routeOf('back', 'PRIORITY', ['a/x', 'fast']),
  routeOf('far', 'PRIORITY', ['back']),
  routeOf('fine', 'PRIORITY', ['a/x']),
  ...Array.from({ length: MAX_DEPTH }, (_, depth) =>
    routeOf(`r${depth}`, 'PRIORITY', [depth + 1 < MAX_DEPTH ? `r${depth + 1}` : 'a/x']),
  ),
];

function validate(
  targets: TargetInput[],
  more: Partial<RouteSpec> = {},
  allowedRegions?: string[],
): Record<string, string> {
  const { strategy = 'PRIORITY', name = 'fast' } = more;
  const issues = validateRoute(routeOf(name, strategy, targets, more), {
    findModel: (model) => MODELS.find((known) => known.name === model),
    findRoute: (route) => OTHERS.find((known) => known.name === route),
    allowedRegions,
  });
  return Object.fromEntries(issues.map(({ path, message }) => [path.join('.'), message]));
}

describe('a route that can be saved', () => {
  it.each<[string, TargetInput[], Partial<RouteSpec>, string[] | undefined]>([
    ['over models', ['a/x', 'b/x'], {}, undefined],
    [
      'that goes on after a cut, where one of its models can',
      ['a/x', 'd/x'],
      { onCut: 'CONTINUE' },
      undefined,
    ],
    ['over another route', ['fine', 'b/x'], {}, undefined],
    ['as deep as may be', ['r1', 'b/x'], {}, undefined],
    [
      'with a fallback behind a condition',
      [{ model: 'a/x', condition: 'hour < 6' }, 'b/x'],
      { fallbackOn: [] },
      undefined,
    ],
    [
      'with the same model twice, first only sometimes',
      [{ model: 'a/x', condition: 'hour < 6' }, 'b/x', 'a/x'],
      {},
      undefined,
    ],
    [
      'with weights',
      [
        { model: 'a/x', weight: 0 },
        { model: 'b/x', weight: 0.5 },
      ],
      { strategy: 'WEIGHTED' },
      undefined,
    ],
    ['with one target in an allowed region', ['a/x', 'b/x'], {}, ['eu']],
  ])('%s', (_, targets, more, regions) => {
    expect(validate(targets, more, regions)).toEqual({});
  });
});

describe('a route that must not be saved', () => {
  it.each<[string, TargetInput[], Partial<RouteSpec>, Record<string, string>]>([
    [
      'named like a model',
      ['a/x'],
      { name: 'my/route' },
      { 'input.name': 'input.name holds a slash; names with one are those of models' },
    ],
    [
      'with a promise that nobody keeps',
      ['a/x'],
      { onCut: 'CONTINUE' },
      {
        'input.onCut':
          'input.onCut is CONTINUE, but none of its models can go on from the beginning of an answer: a/x; take FAIL or RESTART, or add a model that can',
      },
    ],
    [
      'with a name that needs quotes',
      ['a/x'],
      { name: 'My route' },
      { 'input.name': 'input.name is "My route"; use up to 64 of a-z, 0-9, ".", "_" and "-"' },
    ],
    [
      'without targets',
      [],
      {},
      { 'input.targets': 'input.targets is empty; a route needs at least one target' },
    ],
    [
      'with weights that sum to zero',
      [
        { model: 'a/x', weight: 0 },
        { model: 'b/x', weight: 0 },
      ],
      { strategy: 'WEIGHTED' },
      { 'input.targets': 'input.targets have weights that sum to zero; give at least one of them a share' },
    ],
    [
      'with a weight below zero',
      [{ model: 'a/x', weight: -1 }],
      {},
      { 'input.targets.0.weight': 'input.targets.0.weight is -1; it must be 0 or more' },
    ],
    [
      'with a threshold above one',
      [{ model: 'a/x', upTo: 5 }],
      { strategy: 'BY_COMPLEXITY' },
      { 'input.targets.0.upTo': 'input.targets.0.upTo is 5; it must be from 0 to 1' },
    ],
    [
      'to a model that there is not',
      ['a/x', 'a/y'],
      {},
      { 'input.targets.1.model': 'input.targets.1.model is "a/y"; no configured provider has such a model' },
    ],
    [
      'to a model that can do nothing',
      ['c/embed'],
      {},
      { 'input.targets.0.model': 'input.targets.0.model is "c/embed", which does not answer with text' },
    ],
    [
      'to a route that there is not',
      ['gone'],
      {},
      { 'input.targets.0.model': 'input.targets.0.model is "gone"; there is no such route' },
    ],
    [
      'to itself',
      ['a/x', 'fast'],
      {},
      { 'input.targets.1.model': 'input.targets.1.model is "fast", the route itself' },
    ],
    [
      'to itself by others',
      ['far'],
      {},
      { 'input.targets.0.model': 'input.targets.0.model goes in a circle: fast → far → back → fast' },
    ],
    [
      'too deep',
      ['r0'],
      {},
      {
        'input.targets.0.model':
          'input.targets.0.model makes 9 routes that stand in one another; at most 8 may',
      },
    ],
    [
      'with a condition that does not type-check',
      [{ model: 'a/x', condition: 'team > 3' }],
      {},
      {
        'input.targets.0.condition':
          'input.targets.0.condition does not type-check: no such overload: string > int (at character 1)',
      },
    ],
    [
      'with a target that is there already',
      ['a/x', { model: 'a/x', condition: 'hour < 6' }],
      {},
      { 'input.targets.1.model': 'input.targets.1.model repeats targets.0, "a/x"' },
    ],
    [
      'with a target that nothing comes to',
      ['a/x', 'b/x'],
      { fallbackOn: [] },
      {
        'input.targets.1':
          'input.targets.1 is never reached: no other target falls back to it, since fallbackOn is empty and targets.0 takes all requests',
      },
    ],
    [
      'with a target without weight that nothing falls back to',
      ['a/x', { model: 'b/x', weight: 0 }],
      { strategy: 'WEIGHTED', fallbackOn: [] },
      {
        'input.targets.1':
          'input.targets.1 is never reached: no other target falls back to it, since fallbackOn is empty and its weight is 0',
      },
    ],
  ])('%s', (_, targets, more, issues) => {
    expect(validate(targets, more)).toEqual(issues);
  });

  it('whose residency rule leaves no target, also by other routes', () => {
    expect(validate(['fine', 'd/x'], {}, ['eu'])).toEqual({
      'input.targets':
        'input.targets lead to no model in an allowed region: d/x has no region; allowed: eu; a/x is in us; allowed: eu',
    });
  });

  it('is told everything at once, at the place that the caller names', () => {
    const route = routeOf('fast', 'WEIGHTED', [
      { model: 'fast', weight: 0, condition: 'x' },
      { model: 'no/y', weight: 0 },
    ]);
    const world = { findModel: () => undefined, findRoute: () => undefined, allowedRegions: undefined };
    expect(validateRoute(route, world, ['routes', '2']).map(({ path }) => path.join('.'))).toEqual([
      'routes.2.targets',
      'routes.2.targets.0.model',
      'routes.2.targets.0.condition',
      'routes.2.targets.1.model',
    ]);
  });
});
