import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AskInput } from '../../src/domain/ask.ts';
import { NOTHING_USED } from '../../src/domain/outcome.ts';
import type { RecordedFacts } from '../../src/domain/recorded-facts.ts';
import type { MeasuredModel, RecordedAttempt, RecordedRequest } from '../../src/domain/recorded-request.ts';
import { ROUTE_STRATEGIES, type Route } from '../../src/domain/route.ts';
import { createConditions } from '../../src/routing/conditions.ts';
import { planRoute } from '../../src/routing/plan.ts';
import { fromRecord, toRecord } from '../../src/routing/recorded-facts.ts';
import { createReplay, type ReplayWorld } from '../../src/routing/simulation/replay.ts';
import { createTimeline } from '../../src/routing/simulation/timeline.ts';
import { createSeededRandom } from '../../src/lib/seeded-random.ts';
import { depsOf, modelOf, requestOf, routeOf, triedOf, type TargetInput } from './support/worlds.ts';

const [A, B, C] = ['a/x', 'b/x', 'c/x'] as const;
const START_MS = Date.parse('2026-03-01T14:00:00Z');

function attemptOf(model: string, more: Partial<RecordedAttempt> = {}): RecordedAttempt {
  const usage = { ...NOTHING_USED, input: 10, output: 20, source: 'REPORTED' as const };
  return {
    model,
    status: 'OK',
    errorType: undefined,
    latencyMs: 1_000,
    firstTokenMs: 100,
    usage,
    costNanos: 7n,
    ...more,
  };
}

function recordOf(attempts: RecordedAttempt[], more: Partial<RecordedRequest> = {}): RecordedRequest {
  return {
    at: new Date(START_MS),
    teamId: 'web',
    tags: [],
    endUserId: undefined,
    facts: { t: 10, c: 0.1, s: 1 },
    allowedRegions: undefined,
    status: 'SUCCEEDED',
    attempts,
    ...more,
  };
}

const failed = (model: string, more: Partial<RecordedAttempt> = {}) =>
  attemptOf(model, { status: 'ERROR', usage: NOTHING_USED, costNanos: 0n, latencyMs: 50, ...more });

function replay(
  targets: TargetInput[],
  records: RecordedRequest[],
  more: Partial<ReplayWorld> & { route?: Partial<Route> } = {},
) {
  const { route, ...world } = more;
  const draft = routeOf('fast', 'PRIORITY', targets, route);
  const replaying = createReplay({
    draft,
    findRoute: (name) => (name === 'fast' ? draft : undefined),
    findModel: (name) => modelOf(name),
    measured: new Map(),
    conditions: createConditions(),
    takesApproval: () => false,
    costOf: (_, { input, output }) => BigInt(input + output),
    likelyOutputTokens: 500,
    random: createSeededRandom(1),
    ...world,
  });
  for (const record of records) replaying.take(record);
  return replaying.result();
}

const measuredOf = (more: Partial<MeasuredModel>): MeasuredModel => ({
  errorRate: 0,
  totalMs: [],
  firstTokenMs: [],
  usage: undefined,
  ...more,
});
const requestsBy = ({ draft }: ReturnType<typeof replay>) =>
  Object.fromEntries(draft.shares.map(({ model, requests }) => [model, requests]));

describe('a recorded request', () => {
  const ask = fc.record({
    source: fc.record({ text: fc.string({ minLength: 1, maxLength: 3_000 }) }),
    endUserId: fc.option(fc.constantFrom('anna', 'bert', 'cleo'), { nil: undefined }),
    tags: fc.constantFrom<NonNullable<AskInput['tags']>[]>([], [{ key: 'env', value: 'prod' }]),
    tools: fc.constantFrom<NonNullable<AskInput['tools']>[]>(
      [],
      [{ name: 'look', parameters: { type: 'object' } }],
    ),
    output: fc.constantFrom(undefined, { jsonSchema: { type: 'object' } }),
    params: fc.record({ maxOutputTokens: fc.option(fc.integer({ min: 1, max: 9_000 }), { nil: undefined }) }),
  });
  const target = fc.record({
    model: fc.constantFrom(A, B, C),
    upTo: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
    condition: fc.constantFrom(
      undefined,
      'tags.env == "prod"',
      '"TOOLS" in capabilities',
      'endUser == "anna"',
    ),
  });

  it('is planned as it was when it was asked, by every strategy', () => {
    fc.assert(
      fc.property(
        ask,
        fc.constantFrom(...ROUTE_STRATEGIES),
        fc.array(target, { minLength: 1, maxLength: 4 }),
        fc.constantFrom('END_USER' as const, 'CONVERSATION' as const),
        (given, strategy, targets, stickyBy) => {
          const request = requestOf(given);
          const kept = JSON.parse(
            JSON.stringify(toRecord(request.ask, { inputTokens: 10, region: undefined })),
          ) as RecordedFacts;
          const again = { ...request, ask: fromRecord(kept, request.ask) };
          const models = [A, B, C].map((name, index) =>
            modelOf(name, {
              capabilities: index === 0 ? ['TEXT'] : ['TEXT', 'TOOLS', 'JSON_SCHEMA'],
              capabilitiesDeclared: true,
              contextWindow: 4_000 * (index + 1),
            }),
          );
          const plan = (what: typeof request) =>
            triedOf(
              planRoute(depsOf({ routes: [routeOf('fast', strategy, targets, { stickyBy })], models }), what),
            );
          expect(plan(again)).toEqual(plan(request));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('keeps less than a hundred characters', () => {
    const { ask: facts } = requestOf(
      { source: { text: 'Prove it. '.repeat(5_000) } },
      { inputTokens: 15_000 },
    );
    expect(JSON.stringify(toRecord(facts, { inputTokens: 15_000, region: 'eu' })).length).toBeLessThan(100);
  });
});

describe('a replay', () => {
  it('repeats what a model really did, with all of its attempts', () => {
    const record = recordOf([failed(A), failed(A, { latencyMs: 70, costNanos: 2n }), attemptOf(B)]);
    const { baseline, draft } = replay([A, B], [record]);
    expect(draft).toEqual(baseline);
    expect(draft).toMatchObject({ costNanos: 9n, latencyP50Ms: 1_120, failures: 0 });
    expect(replay([B, A], [record]).draft).toMatchObject({ costNanos: 7n, latencyP50Ms: 1_000 });
  });

  it('does not take a call that was given up for one that would have failed', () => {
    const record = recordOf([attemptOf(A, { status: 'CANCELLED', latencyMs: 5 }), attemptOf(B)]);
    const measured = new Map([[A, measuredOf({ totalMs: [300], firstTokenMs: [30] })]]);
    expect(replay([A], [record], { measured }).draft).toMatchObject({
      failures: 0,
      costNanos: 30n,
      latencyP50Ms: 300,
    });
  });

  it('goes on after a failure only where the draft does', () => {
    const record = recordOf([failed(A, { status: 'TIMEOUT' })], { status: 'FAILED' });
    expect(replay([A, B], [record]).draft).toMatchObject({ failures: 0, shares: [{ model: B }] });
    const route = { fallbackOn: ['ERROR' as const] };
    expect(replay([A, B], [record], { route }).draft).toMatchObject({ failures: 1, shares: [{ model: A }] });
    const overflow = failed(A, { errorType: 'CONTEXT_WINDOW_EXCEEDED' });
    expect(replay([A, B], [recordOf([overflow], { status: 'FAILED' })], { route }).draft.failures).toBe(1);
  });

  it('expects failures as often as they were, and times as they were', () => {
    const records = Array.from({ length: 1_000 }, () => recordOf([attemptOf(A)]));
    const measured = new Map([[B, measuredOf({ errorRate: 0.2, totalMs: [100, 200, 300, 400, 900] })]]);
    const { draft } = replay([B], records, { measured, route: { fallbackOn: [] } });
    expect(draft.failures / 1_000).toBeCloseTo(0.2, 1);
    expect(draft).toMatchObject({ latencyP50Ms: 300, latencyP95Ms: 900, untimed: 0 });
    expect(draft.costNanos).toBe(30n * BigInt(1_000 - draft.failures));
  });

  it('prices what nobody answered by what an answer is likely to be', () => {
    const record = recordOf([failed(A)], { status: 'FAILED', facts: { t: 40, c: 0, s: 0 } });
    expect(replay([B], [record]).draft).toMatchObject({ costNanos: 540n, failures: 0, untimed: 1 });
  });

  it('counts who left as neither a failure nor a time', () => {
    const record = recordOf([attemptOf(A, { status: 'CANCELLED', latencyMs: 3 })], { status: 'CANCELLED' });
    for (const targets of [[A], [B]])
      expect(replay(targets, [record]).draft).toMatchObject({
        failures: 0,
        latencyP50Ms: undefined,
        untimed: 0,
      });
  });

  it('keeps from models that take an approval, but for who was answered by one', () => {
    const records = [recordOf([attemptOf(A)]), recordOf([attemptOf(B)])];
    const { draft, refusalReasons } = replay([B], records, { takesApproval: (model) => model === B });
    expect(draft).toMatchObject({ refusals: 1, shares: [{ model: B, requests: 1, share: 1 }] });
    expect(refusalReasons).toEqual([{ code: 'APPROVAL', model: B, requests: 1 }]);
  });

  it('keeps to the regions of each request', () => {
    const records = [recordOf([attemptOf(A)], { allowedRegions: ['eu'] }), recordOf([attemptOf(A)])];
    const { refusalReasons } = replay([B], records, { findModel: (name) => modelOf(name, { region: 'us' }) });
    expect(refusalReasons).toEqual([{ code: 'REGION', model: B, requests: 1 }]);
  });

  it('has calls under way as long as they take', () => {
    const measured = new Map([A, B].map((model) => [model, measuredOf({ totalMs: [1_500] })]));
    const records = Array.from({ length: 6 }, (_, index) =>
      recordOf([attemptOf(C)], { at: new Date(START_MS + index * 1_000) }),
    );
    // The one before is always still under way, at the other model.
    expect(requestsBy(replay([A, B], records, { measured, route: { strategy: 'LEAST_BUSY' } }))).toEqual({
      [A]: 3,
      [B]: 3,
    });
  });

  it('passes over a model while it rests, unless there is no other', () => {
    const measured = new Map([[A, measuredOf({ errorRate: 1, totalMs: [10] })]]);
    const records = Array.from({ length: 20 }, (_, index) =>
      recordOf([attemptOf(B)], { at: new Date(START_MS + index * 100) }),
    );
    expect(replay([A], records, { measured }).draft).toMatchObject({ failures: 20, refusals: 0 });
    // Whoever is asked after it takes longer by its time.
    expect(replay([A, B], records, { measured }).draft).toMatchObject({
      failures: 0,
      latencyP50Ms: 1_000,
      latencyP95Ms: 1_010,
    });
  });

  it('learns as it goes', () => {
    const measured = new Map([
      [A, measuredOf({ errorRate: 0.9, totalMs: [10] })],
      [B, measuredOf({ totalMs: [10] })],
    ]);
    const records = Array.from({ length: 300 }, (_, index) =>
      recordOf([attemptOf(C)], { at: new Date(START_MS + index * 1_000) }),
    );
    const route = { strategy: 'LEARNED' as const, fallbackOn: [] };
    expect(requestsBy(replay([A, B], records, { measured, route }))[B]).toBeGreaterThan(250);
  });
});

it('a timeline lets things happen in the order of their time, those too that come of others', () => {
  const timeline = createTimeline();
  const happened: [string, number][] = [];
  const note = (what: string) => () => void happened.push([what, timeline.nowMs()]);
  timeline.at(30, note('third'));
  timeline.at(10, () => {
    note('first')();
    timeline.at(20, note('second'));
  });
  timeline.advance(25);
  expect(happened).toEqual([
    ['first', 10],
    ['second', 20],
  ]);
  timeline.advance(30);
  expect(happened.at(-1)).toEqual(['third', 30]);
});
