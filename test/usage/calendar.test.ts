import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Database } from '../../src/db/database.ts';
import { foldUsage } from '../../src/usage/fold.ts';
import { reportUsage } from '../../src/usage/report.ts';
import type { Granularity } from '../../src/usage/dimensions.ts';
import { openTestDatabase } from '../support/test-database.ts';
import { book, factOf, ORGANISATION } from './support/books.ts';

let database: Database;

/** Starts of buckets, and how many quarters of an hour are in them. */
type Cut = [start: string, quarters: number][];

const CASES: [place: string, granularity: Granularity, from: string, to: string, Cut][] = [
  [
    'Europe/Berlin',
    'DAY',
    '2026-03-28T12:00:00Z',
    '2026-03-30T12:00:00Z',
    [
      ['2026-03-27T23:00:00.000Z', 44],
      ['2026-03-28T23:00:00.000Z', 23 * 4],
      ['2026-03-29T22:00:00.000Z', 14 * 4],
    ],
  ],
  [
    'Europe/Berlin',
    'HOUR',
    '2026-10-25T00:00:00Z',
    '2026-10-25T03:00:00Z',
    [
      // The hour from two to three comes twice.
      ['2026-10-25T00:00:00.000Z', 4],
      ['2026-10-25T01:00:00.000Z', 4],
      ['2026-10-25T02:00:00.000Z', 4],
    ],
  ],
  [
    'America/New_York',
    'WEEK',
    '2026-03-02T05:00:00Z',
    '2026-03-16T04:00:00Z',
    [
      ['2026-03-02T05:00:00.000Z', 7 * 96 - 4],
      ['2026-03-09T04:00:00.000Z', 7 * 96],
    ],
  ],
  [
    'Asia/Kolkata',
    'DAY',
    '2026-05-01T18:30:00Z',
    '2026-05-03T18:30:00Z',
    [
      ['2026-05-01T18:30:00.000Z', 96],
      ['2026-05-02T18:30:00.000Z', 96],
    ],
  ],
  [
    'Asia/Kathmandu',
    'HOUR',
    '2026-05-01T00:00:00Z',
    '2026-05-01T02:00:00Z',
    [
      ['2026-04-30T23:15:00.000Z', 1],
      ['2026-05-01T00:15:00.000Z', 4],
      ['2026-05-01T01:15:00.000Z', 3],
    ],
  ],
  [
    'Asia/Tokyo',
    'MONTH',
    '2026-01-31T15:00:00Z',
    '2026-03-31T15:00:00Z',
    [
      ['2026-01-31T15:00:00.000Z', 28 * 96],
      ['2026-02-28T15:00:00.000Z', 31 * 96],
    ],
  ],
  [
    // Midnight of the day when clocks go forward does not exist there.
    'America/Santiago',
    'DAY',
    '2026-09-05T04:00:00Z',
    '2026-09-07T03:00:00Z',
    [
      ['2026-09-05T04:00:00.000Z', 96],
      ['2026-09-06T04:00:00.000Z', 23 * 4],
    ],
  ],
  ['UTC', 'WEEK', '2026-06-01T00:00:00Z', '2026-06-08T00:00:00Z', [['2026-06-01T00:00:00.000Z', 7 * 96]]],
];

const QUARTER_MS = 900_000;
const DAY_MS = 86_400_000;

/** Days of UTC, with one more at each end. */
function daysBetween(from: string, to: string): number[] {
  const first = Math.floor(Date.parse(from) / DAY_MS) - 1;
  const last = Math.floor(Date.parse(to) / DAY_MS) + 1;
  return Array.from({ length: last - first + 1 }, (_, index) => (first + index) * DAY_MS);
}

beforeAll(async () => {
  database = await openTestDatabase();
  // One fact in every quarter of an hour, so that a bucket's requests are its length in quarters.
  const days = new Set(CASES.flatMap(([, , from, to]) => daysBetween(from, to)));
  const facts = [...days].flatMap((day) =>
    Array.from({ length: 96 }, (_, quarter) => factOf({ at: new Date(day + quarter * QUARTER_MS + 1) })),
  );
  await book(database, facts);
}, 120_000);
afterAll(() => database.close());

it.each(['facts', 'roll-ups'])(
  'buckets are those of the calendar in each place, from %s',
  { timeout: 120_000 },
  async (source) => {
    if (source === 'roll-ups') while (await foldUsage(database.db, 5_000));
    for (const [timeZone, granularity, from, to, expected] of CASES) {
      const { series } = await reportUsage(
        database.db,
        { organisationId: ORGANISATION },
        {
          range: { from: new Date(from), to: new Date(to) },
          filter: {},
          groupBy: [],
          granularity,
          timeZone,
          withHistograms: false,
        },
      );
      const cut = series.map(({ start, totals }) => [start.toISOString(), totals.requests]);
      expect([timeZone, granularity, cut]).toEqual([timeZone, granularity, expected]);
    }
  },
);
