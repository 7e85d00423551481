import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Database } from '../../src/db/database.ts';
import { foldUsage } from '../../src/usage/fold.ts';
import { reportUsage, type UsageReport } from '../../src/usage/report.ts';
import { trimOutbox } from '../../src/usage/trim.ts';
import { openTestDatabase } from '../support/test-database.ts';
import { attemptsOf, book, factOf, readJournal, type EarlierFact, type Fact } from './support/books.ts';
import { addUp, addUpBy, byKey, onTheWall, sumsOf } from './support/pencil.ts';

let database: Database;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());

const TAGS = [
  { key: 'feature', value: 'search' },
  { key: 'stage', value: 'beta' },
];
/** Around the days when clocks are put forward and back, north and south. */
const times = fc.oneof(
  fc.date({
    noInvalidDate: true,
    min: new Date('2026-03-28T00:00:00Z'),
    max: new Date('2026-04-06T00:00:00Z'),
  }),
  fc.date({
    noInvalidDate: true,
    min: new Date('2026-10-03T00:00:00Z'),
    max: new Date('2026-10-05T00:00:00Z'),
  }),
  fc.date({
    noInvalidDate: true,
    min: new Date('2026-10-24T00:00:00Z'),
    max: new Date('2026-11-02T00:00:00Z'),
  }),
);
const earlier: fc.Arbitrary<EarlierFact> = fc.record({
  provider: fc.constantFrom('vendor', 'other'),
  model: fc.constantFrom('vendor/a', 'vendor/b', 'other/c'),
  nanos: fc.option(fc.bigInt({ min: 0n, max: 10n ** 15n })),
  inputTokens: fc.nat(10),
  outputTokens: fc.nat(10),
});
const settled: fc.Arbitrary<Partial<Fact>> = fc.record({
  at: times,
  teamId: fc.constantFrom('team_1', 'team_2'),
  keyId: fc.constantFrom('key_1', 'key_2'),
  provider: fc.constantFrom('vendor', 'other'),
  model: fc.constantFrom('vendor/a', 'vendor/b', 'other/c'),
  status: fc.constantFrom('SUCCEEDED', 'FAILED', 'CANCELLED', 'INTERRUPTED'),
  tags: fc.subarray(TAGS),
  endUserId: fc.constantFrom(null, 'ann', 'bob'),
  nanos: fc.option(fc.bigInt({ min: 0n, max: 10n ** 15n })),
  cacheReadTokens: fc.constantFrom(0, 7),
  firstTokenMs: fc.option(fc.nat(100_000)),
  totalMs: fc.nat(1_000_000),
  earlier: fc.oneof(fc.array(earlier, { maxLength: 0 }), fc.array(earlier, { maxLength: 3 })),
});
const step = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('settle' as const),
      facts: fc.array(settled, { minLength: 1, maxLength: 6 }),
    }),
  },
  fc.record({
    do: fc.constant('correct' as const),
    kind: fc.constantFrom('ADJUST' as const, 'CREDIT' as const),
    nanos: fc.bigInt({ min: 1n, max: 10n ** 12n }),
    /** Which completion it is about; none is about a team or a key. */
    of: fc.option(fc.nat(1_000)),
    keyId: fc.constantFrom(null, 'key_1'),
    at: times,
  }),
  fc.record({
    do: fc.constant('fold' as const),
    limit: fc.integer({ min: 1, max: 10 }),
    instances: fc.integer({ min: 1, max: 3 }),
  }),
  fc.record({ do: fc.constant('trim' as const) }),
  fc.record({ do: fc.constant('move' as const) }),
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('report' as const),
      from: times,
      to: fc.option(times, { nil: undefined }),
      timeZone: fc.constantFrom(
        'UTC',
        'Europe/Berlin',
        'Asia/Kolkata',
        'Asia/Kathmandu',
        'America/St_Johns',
        'America/Santiago',
        'Australia/Lord_Howe',
      ),
      granularity: fc.constantFrom(
        undefined,
        'HOUR' as const,
        'DAY' as const,
        'WEEK' as const,
        'MONTH' as const,
      ),
      groupBy: fc.subarray(['MODEL', 'PROVIDER', 'TEAM', 'KEY', 'TAG', 'STATUS', 'END_USER'] as const, {
        maxLength: 3,
      }),
      filter: fc.constantFrom<Filter>(
        {},
        { teamId: 'team_1' },
        { keyId: 'key_2' },
        { model: { contains: 'vendor/' } },
        { tag: TAGS[0] },
      ),
      folding: fc.boolean(),
    }),
  },
);
type Filter = {
  teamId?: string;
  keyId?: string;
  model?: { contains: string };
  tag?: (typeof TAGS)[number] | undefined;
};
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;
type Ask = Extract<Step, { do: 'report' }>;

interface World {
  organisationId: string;
  facts: Fact[];
  /** Ids of the completions among them, by their place. */
  ids: string[];
}

let worlds = 0;

it(
  'a report is the sum of the journal, whatever was settled, corrected, folded, trimmed and moved before',
  { timeout: 120_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 14 }), async (steps) => {
        worlds += 1;
        const world: World = { organisationId: `org_${worlds}`, facts: [], ids: [] };
        for (const each of steps) await take(each, world);
        await expectJournal(world);
        while (await foldUsage(database.db, 100));
        await expectJournal(world);
      }),
      { numRuns: 50 },
    );
    expect(worlds).toBeGreaterThan(0);
  },
);

async function take(each: Step, world: World): Promise<void> {
  const { db } = database;
  switch (each.do) {
    case 'settle':
      return settle(each.facts, world);
    case 'correct':
      return correct(each, world);
    case 'fold':
      await Promise.all(Array.from({ length: each.instances }, () => foldUsage(db, each.limit)));
      return;
    case 'trim':
      return trimOutbox(db, 0);
    case 'move':
      // As if a dump of the database had been taken over by another server.
      await database.sql`UPDATE usage_progress SET server = 'another'`;
      return;
    case 'report':
      return expectReport(each, world);
  }
}

async function settle(list: Partial<Fact>[], { organisationId, facts, ids }: World): Promise<void> {
  const added = list.map((fact) => factOf({ ...fact, organisationId }));
  ids.push(...(await book(database, added)));
  facts.push(...added.flatMap(attemptsOf));
}

/** A correction has all that its completion has, but its own time and amount. */
async function correct(
  each: Extract<Step, { do: 'correct' }>,
  { organisationId, facts, ids }: World,
): Promise<void> {
  const completions = facts.filter(({ kind }) => kind === 'SETTLE');
  const place = each.of === null || completions.length === 0 ? undefined : each.of % completions.length;
  const nobody = { provider: '', model: '', status: '', tags: [], endUserId: null, keyId: each.keyId };
  const { kind, nanos, at } = each;
  const correction = factOf({
    ...(place === undefined ? nobody : completions[place]),
    organisationId,
    kind,
    nanos,
    at,
    completionId: place === undefined ? null : ids[place]!,
    earlier: [],
  });
  await book(database, [correction]);
  facts.push(correction);
}

async function expectReport(each: Ask, { organisationId, facts }: World): Promise<void> {
  const { from, filter, groupBy, granularity, timeZone, folding } = each;
  const to = each.to && (each.to < from ? from : each.to);
  const ask = { range: { from, to }, filter, groupBy, granularity, timeZone, withHistograms: true };
  const [report] = await Promise.all([
    reportUsage(database.db, { organisationId }, ask),
    ...(folding ? [foldUsage(database.db, 3), foldUsage(database.db, 3)] : []),
  ]);
  const meant = facts.filter((fact) => fact.at >= from && (!to || fact.at < to) && matches(fact, filter));
  expect(sumsOf(report.total)).toEqual(addUp(meant));
  expect(byKey(report.groups)).toEqual(groupBy.length > 0 ? addUpBy(meant, groupBy) : {});
  if (granularity) expectSeries(report, meant, { granularity, groupBy, timeZone });
  else expect(report.series).toEqual([]);
}

function expectSeries(
  { series }: UsageReport,
  facts: Fact[],
  {
    granularity,
    groupBy,
    timeZone,
  }: Required<Pick<Ask, 'groupBy' | 'timeZone'>> & { granularity: NonNullable<Ask['granularity']> },
): void {
  const wall = (at: Date) => onTheWall(at, granularity, timeZone);
  const buckets = Map.groupBy(series, ({ start }) => start.getTime());
  const expected = Map.groupBy(facts, ({ at }) => wall(at));
  // A tag's group needs a tag.
  const filled = [...expected].filter(([, list]) => Object.keys(addUpBy(list, groupBy)).length > 0);
  expect([...buckets.keys()].map((start) => wall(new Date(start))).toSorted()).toEqual(
    filled.map(([name]) => name).toSorted(),
  );
  for (const [start, list] of buckets) {
    expect(wall(new Date(start - 1))).not.toBe(wall(new Date(start)));
    expect(byKey(list)).toEqual(addUpBy(expected.get(wall(new Date(start))) ?? [], groupBy));
  }
  expect(series.map(({ start }) => start.getTime())).toEqual(
    series.map(({ start }) => start.getTime()).toSorted((a, b) => a - b),
  );
}

function matches(fact: Fact, { teamId, keyId, model, tag }: Filter): boolean {
  return (
    (!teamId || fact.teamId === teamId) &&
    (!keyId || fact.keyId === keyId) &&
    (!model || fact.model.includes(model.contains)) &&
    (!tag || fact.tags.includes(tag))
  );
}

/** All of it, and what the journal says of it. */
async function expectJournal({ organisationId, facts }: World): Promise<void> {
  const report = await reportUsage(
    database.db,
    { organisationId },
    {
      range: { from: new Date(0), to: undefined },
      filter: {},
      groupBy: [],
      granularity: undefined,
      timeZone: 'UTC',
      withHistograms: true,
    },
  );
  expect(sumsOf(report.total)).toEqual(addUp(facts));
  expect(report.total.costNanos).toBe(await readJournal(database, organisationId));
}
