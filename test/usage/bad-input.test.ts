import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../src/db/database.ts';
import { foldUsage } from '../../src/usage/fold.ts';
import { reportUsage, type UsageAsk } from '../../src/usage/report.ts';
import { useGateway } from '../support/gateway.ts';
import { openTestDatabase } from '../support/test-database.ts';
import { book, factOf, ORGANISATION } from './support/books.ts';

describe('a report that is asked for wrongly', () => {
  const gateway = useGateway();
  const year = { from: '2026-01-01T00:00:00Z', to: '2027-01-01T00:00:00Z' };

  const CASES: [what: string, variables: object, path: string[], message: RegExp][] = [
    ['an unknown time zone', { timeZone: 'Europe/Atlantis' }, ['timeZone'], /"Europe\/Atlantis".*IANA/],
    ['an offset, which the database reads the other way round', { timeZone: '+02:00' }, ['timeZone'], /IANA/],
    ['the abbreviation of several zones', { timeZone: 'BST' }, ['timeZone'], /IANA/],
    ['a rule', { timeZone: 'FOO-3' }, ['timeZone'], /IANA/],
    ['no name at all', { timeZone: '' }, ['timeZone'], /IANA/],
    ['SQL', { timeZone: "UTC'; drop table outbox --" }, ['timeZone'], /IANA/],
    [
      'a range that ends before it begins',
      { range: { from: year.to, to: year.from } },
      ['range', 'to'],
      /before/,
    ],
    ['a year of minutes', { granularity: 'MINUTE' }, ['granularity'], /more than 10000 buckets/],
    [
      'too many hours up to now',
      { granularity: 'HOUR', range: { from: '2020-01-01T00:00:00Z' } },
      ['granularity'],
      /buckets/,
    ],
    [
      'thousands of years of days',
      { granularity: 'DAY', range: { from: '0001-01-01T00:00:00Z' } },
      ['granularity'],
      /buckets/,
    ],
  ];
  it.each(CASES)('with %s is refused', async (_what, variables, path, message) => {
    for (const field of ['usage', 'usageExport']) {
      const { data, errors } = await gateway().ask(
        `query ($range: DateTimeRange!, $granularity: Granularity, $timeZone: String) {
          ${field}(range: $range, granularity: $granularity, timeZone: $timeZone${field === 'usage' ? ') { total { requests } }' : ', format: CSV)'}
        }`,
        { range: year, granularity: null, ...variables },
      );
      expect(data).toBeNull();
      expect(errors).toMatchObject([
        { path: [field], extensions: { code: 'INVALID_INPUT', path, issues: [{ path }] } },
      ]);
      expect(errors?.[0]?.message).toMatch(message);
    }
  });

  it('is told of everything that is wrong with it', async () => {
    const { errors } = await gateway().ask(
      `{ usage(range: { from: "2026-01-01T00:00:00Z" }, granularity: MINUTE, timeZone: "Mars") { total { requests } } }`,
    );
    expect(errors?.[0]?.message).toMatch(/Mars.*buckets/);
  });

  it.each(['UTC', 'Asia/Kathmandu', 'America/St_Johns', 'Etc/GMT+5', 'europe/berlin'])(
    'and one in %s is answered',
    async (timeZone) => {
      const { errors } = await gateway().ask(
        `query ($timeZone: String) { usage(range: { from: "2026-01-01T00:00:00Z" }, timeZone: $timeZone) { total { requests } } }`,
        { timeZone },
      );
      expect(errors).toBeUndefined();
    },
  );

  it('for all time is answered when no series is wanted', async () => {
    const { errors } = await gateway().ask(
      `{ usage(range: { from: "0001-01-01T00:00:00Z" }, granularity: null) { total { requests } } }`,
    );
    expect(errors).toBeUndefined();
  });
});

describe('a report with more rows than anybody reads', () => {
  let database: Database;
  beforeAll(async () => {
    database = await openTestDatabase();
    const users = Array.from({ length: 10_001 }, (_, index) => `user-${index}`);
    await book(
      database,
      users.map((endUserId) => factOf({ endUserId, model: `vendor/${endUserId}` })),
    );
  });
  afterAll(() => database.close());

  const ask: UsageAsk = {
    range: { from: new Date('2020-01-01'), to: undefined },
    filter: {},
    groupBy: [],
    granularity: undefined,
    timeZone: 'UTC',
    withHistograms: false,
  };
  const report = (changes: Partial<UsageAsk>) =>
    reportUsage(database.db, { organisationId: ORGANISATION }, { ...ask, ...changes });

  it.each(['END_USER', 'MODEL'] as const)(
    'by %s is refused, from the facts and from the roll-ups',
    async (name) => {
      await expect(report({ groupBy: [name] })).rejects.toMatchObject({
        code: 'INVALID_INPUT',
        issues: [{ path: ['groupBy'], message: expect.stringContaining('more than 10000 rows') }],
      });
      while (await foldUsage(database.db, 5_000));
      await expect(report({ groupBy: [name] })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
      expect((await report({})).total.requests).toBe(10_001);
    },
  );
});
