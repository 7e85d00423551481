import { describe, expect, it } from 'vitest';
import { ROUTE_STRATEGIES, type RouteStrategy } from '../../src/domain/route.ts';
import { learn, learnFeedback, NOTHING_LEARNED, type Arm } from '../../src/routing/learned.ts';
import { planRoute } from '../../src/routing/plan.ts';
import type { AskInput } from '../../src/domain/ask.ts';
import {
  countFirst,
  depsOf,
  requestOf,
  routeOf,
  triedOf,
  type Known,
  type TargetInput,
} from './support/worlds.ts';

interface Row {
  what: string;
  strategy: RouteStrategy;
  targets: TargetInput[];
  known?: Known;
  ask?: Partial<AskInput>;
  inputTokens?: number;
  /** The whole order, which no draw changes. */
  order: string[];
}

const [A, B, C] = ['a/x', 'b/x', 'c/x'] as const;
const TIERS = [
  { model: A, upTo: 0.3 },
  { model: B, upTo: 0.7 },
  { model: C, upTo: 1 },
];
const HARD = {
  source: { text: 'Prove step by step that this is optimal:\n```ts\nconst f = () => 1;\n```' },
  params: { reasoning: 'HIGH' as const },
};

const ROWS: Row[] = [
  { what: 'the order of the route', strategy: 'PRIORITY', targets: [B, A, C], order: [B, A, C] },
  {
    what: 'weight 0 comes last, in the order of the route',
    strategy: 'WEIGHTED',
    targets: [
      { model: A, weight: 0 },
      { model: B, weight: 0 },
      { model: C, weight: 0.01 },
    ],
    order: [C, A, B],
  },
  {
    what: 'the fewest calls under way first',
    strategy: 'LEAST_BUSY',
    targets: [A, B, C],
    known: { inFlight: { [A]: 3, [B]: 1, [C]: 2 } },
    order: [B, C, A],
  },
  {
    what: 'the lowest price first, one without a known price last',
    strategy: 'LOWEST_COST',
    targets: [A, B, C],
    known: { costNanos: { [B]: 900, [C]: 200 } },
    order: [C, B, A],
  },
  {
    what: 'free is a price too',
    strategy: 'LOWEST_COST',
    targets: [A, B],
    known: { costNanos: { [A]: 1, [B]: 0 } },
    order: [B, A],
  },
  {
    what: 'of two always the faster',
    strategy: 'LOWEST_LATENCY',
    targets: [A, B],
    known: { latencyMs: { [A]: 900, [B]: 300 } },
    order: [B, A],
  },
  {
    what: 'the faster one has so much to do that it is not',
    strategy: 'LOWEST_LATENCY',
    targets: [A, B],
    known: { latencyMs: { [A]: 900, [B]: 300 }, inFlight: { [B]: 5 } },
    order: [A, B],
  },
  {
    what: 'what fails fast is not fast',
    strategy: 'LOWEST_LATENCY',
    targets: [A, B],
    known: { latencyMs: { [A]: 900, [B]: 300 }, errorRate: { [B]: 0.9 } },
    order: [A, B],
  },
  {
    what: 'one that nobody has measured is tried',
    strategy: 'LOWEST_LATENCY',
    targets: [A, B],
    known: { latencyMs: { [A]: 10 } },
    order: [B, A],
  },
  {
    what: 'but not by all at once',
    strategy: 'LOWEST_LATENCY',
    targets: [A, B],
    known: { latencyMs: { [A]: 10 }, inFlight: { [B]: 1 } },
    order: [A, B],
  },
  {
    what: 'an easy request goes to the small one, and up from there',
    strategy: 'BY_COMPLEXITY',
    targets: TIERS.toReversed(),
    ask: { source: { text: 'What is the capital of France?' } },
    order: [A, B, C],
  },
  {
    what: 'a middling one to the middle, then up, and to the small one at last',
    strategy: 'BY_COMPLEXITY',
    targets: TIERS,
    ask: { source: { text: 'Compare these two plans for our team.' } },
    inputTokens: 2_000,
    order: [B, C, A],
  },
  {
    what: 'a hard one to the strongest, then down',
    strategy: 'BY_COMPLEXITY',
    targets: TIERS,
    ask: HARD,
    order: [C, B, A],
  },
  {
    what: 'one without a threshold is meant for everything',
    strategy: 'BY_COMPLEXITY',
    targets: [A, { model: B, upTo: 0.5 }],
    ask: HARD,
    order: [A, B],
  },
  {
    what: 'the one that is known to be good',
    strategy: 'LEARNED',
    targets: [A, B],
    known: { arms: { [`fast ${A}`]: armOf(50, 450), [`fast ${B}`]: armOf(450, 50) } },
    order: [B, A],
  },
  {
    what: 'the one that is known to please',
    strategy: 'LEARNED',
    targets: [A, B],
    known: { arms: { [`fast ${A}`]: armOf(500, 0, 0.2), [`fast ${B}`]: armOf(500, 0, 0.9) } },
    order: [B, A],
  },
  {
    what: 'of equals the one whose price is known',
    strategy: 'LEARNED',
    targets: [A, B, C],
    known: {
      arms: { [`fast ${A}`]: armOf(900, 0), [`fast ${B}`]: armOf(900, 0), [`fast ${C}`]: armOf(0, 900) },
      costNanos: { [B]: 1, [C]: 100 },
    },
    order: [B, A, C],
  },
  {
    what: 'what it has learned of another route is not about this one',
    strategy: 'LEARNED',
    targets: [{ model: A }],
    known: { arms: { [`other ${A}`]: armOf(0, 500) } },
    order: [A],
  },
];

function armOf(good: number, bad: number, feedback?: number): Arm {
  let arm = NOTHING_LEARNED;
  for (let call = 0; call < good + bad; call += 1) {
    arm = learn(arm, { succeeded: call < good, costNanos: undefined, latencyMs: undefined });
    if (feedback !== undefined) arm = learnFeedback(arm, feedback);
  }
  return arm;
}

describe('the order of a strategy', () => {
  it.each(ROWS)('$strategy: $what', ({ strategy, targets, known = {}, ask, inputTokens, order }) => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const deps = depsOf({ routes: [routeOf('fast', strategy, targets)], known, seed });
      const request = requestOf(ask, inputTokens === undefined ? {} : { inputTokens });
      expect(triedOf(planRoute(deps, request))).toEqual(order);
    }
  });

  it('is told for each of them with the numbers behind it', () => {
    const known = { costNanos: { [A]: 5, [B]: 5 }, latencyMs: { [A]: 5, [B]: 5 } };
    const parts = ROUTE_STRATEGIES.map((strategy) => {
      const deps = depsOf({ routes: [routeOf('fast', strategy, [A, B])], known });
      return [strategy, Object.keys(planRoute(deps, requestOf()).candidates[0]?.score ?? {})];
    });
    expect(Object.fromEntries(parts)).toEqual({
      PRIORITY: ['place'],
      WEIGHTED: ['weight', 'draw'],
      ROUND_ROBIN: ['place'],
      LEAST_BUSY: ['inFlight', 'draw'],
      LOWEST_COST: ['costNanos'],
      LOWEST_LATENCY: ['latencyMs', 'load', 'expectedMs'],
      STICKY: ['weight', 'draw'],
      BY_COMPLEXITY: expect.arrayContaining(['complexity', 'upTo', 'code', 'question']),
      LEARNED: ['success', 'feedback', 'cost', 'latency', 'value'],
    });
  });

  it.each(ROUTE_STRATEGIES)('%s keeps every target, each once', (strategy) => {
    const names = Array.from({ length: 20 }, (_, index) => `a/m${index}`);
    const deps = depsOf({ routes: [routeOf('fast', strategy, names)] });
    expect(triedOf(planRoute(deps, requestOf())).toSorted()).toEqual(names.toSorted());
  });
});

describe('chance and turns', () => {
  it('WEIGHTED gives each its share', () => {
    const targets = [
      { model: A, weight: 7 },
      { model: B, weight: 2 },
      { model: C, weight: 1 },
    ];
    const counts = countFirst(
      depsOf({ routes: [routeOf('fast', 'WEIGHTED', targets)] }),
      requestOf(),
      10_000,
    );
    expect((counts[A] ?? 0) / 10_000).toBeCloseTo(0.7, 1);
    expect((counts[B] ?? 0) / 10_000).toBeCloseTo(0.2, 1);
    expect((counts[C] ?? 0) / 10_000).toBeCloseTo(0.1, 1);
  });

  it('ROUND_ROBIN takes turns', () => {
    const deps = depsOf({ routes: [routeOf('fast', 'ROUND_ROBIN', [A, B, C])] });
    const orders = Array.from({ length: 4 }, () => triedOf(planRoute(deps, requestOf())));
    expect(orders).toEqual([
      [A, B, C],
      [B, C, A],
      [C, A, B],
      [A, B, C],
    ]);
  });

  it('LEAST_BUSY spreads what comes at once over those that have equally little to do', () => {
    const counts = countFirst(
      depsOf({ routes: [routeOf('fast', 'LEAST_BUSY', [A, B])] }),
      requestOf(),
      1_000,
    );
    expect((counts[A] ?? 0) / 1_000).toBeCloseTo(0.5, 1);
  });

  it('LOWEST_LATENCY never takes the slowest of three, and the fastest in two of three draws', () => {
    const known = { latencyMs: { [A]: 300, [B]: 200, [C]: 100 } };
    const deps = depsOf({ routes: [routeOf('fast', 'LOWEST_LATENCY', [A, B, C])], known });
    const counts = countFirst(deps, requestOf(), 3_000);
    expect(counts[A]).toBeUndefined();
    expect((counts[C] ?? 0) / 3_000).toBeCloseTo(2 / 3, 1);
  });
});
