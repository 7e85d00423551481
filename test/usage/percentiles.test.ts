import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../src/db/database.ts';
import { foldUsage } from '../../src/usage/fold.ts';
import { percentileOf } from '../../src/usage/histogram.ts';
import { reportUsage } from '../../src/usage/report.ts';
import { openTestDatabase } from '../support/test-database.ts';
import { book, factOf } from './support/books.ts';

let database: Database;
beforeAll(async () => {
  database = await openTestDatabase();
});
afterAll(() => database.close());

/** What every promise about a percentile is: so close to the time of the nearest rank, and whole milliseconds. */
const isClose = (told: number, exact: number) => Math.abs(told - exact) <= exact * 0.05 + 0.5;
const SHARES = [0.5, 0.95, 0.99];
let organisations = 0;

function nearestRank(times: number[], share: number): number {
  return times.toSorted((a, b) => a - b)[Math.ceil(share * times.length) - 1]!;
}

async function readTimes(organisationId: string, withHistograms = true) {
  const ask = {
    range: { from: new Date(0), to: undefined },
    filter: {},
    groupBy: [],
    granularity: undefined,
    timeZone: 'UTC',
    withHistograms,
  };
  return (await reportUsage(database.db, { organisationId }, ask)).total;
}

describe('percentiles', () => {
  it('are within 5 % of the time of the nearest rank, before and after they are rolled up', async () => {
    const anyMs = fc.oneof(fc.nat(20), fc.nat(2_000), fc.nat(3_600_000), fc.constant(2 ** 31 - 1));
    await fc.assert(
      fc.asyncProperty(fc.array(anyMs, { minLength: 1, maxLength: 60 }), async (times) => {
        const organisationId = `org_${(organisations += 1)}`;
        const facts = times.map((totalMs, index) =>
          factOf({ organisationId, totalMs, firstTokenMs: index % 2 === 0 ? totalMs : null }),
        );
        await book(database, facts.slice(0, times.length / 2));
        while (await foldUsage(database.db, 20));
        await book(database, facts.slice(times.length / 2));
        for (const fold of [false, true]) {
          if (fold) while (await foldUsage(database.db, 20));
          const { latencyMs, firstTokenMs } = await readTimes(organisationId);
          for (const share of SHARES) {
            const exact = nearestRank(times, share);
            expect([exact, isClose(percentileOf(latencyMs, share)!, exact)]).toEqual([exact, true]);
            const first = nearestRank(
              times.filter((_ms, index) => index % 2 === 0),
              share,
            );
            expect([first, isClose(percentileOf(firstTokenMs, share)!, first)]).toEqual([first, true]);
          }
        }
      }),
      { numRuns: 25 },
    );
  });

  it('are null where nothing was measured, and are not made where nobody asks', async () => {
    const organisationId = 'org_without';
    await book(database, [factOf({ organisationId, firstTokenMs: null })]);
    const { firstTokenMs, latencyMs } = await readTimes(organisationId);
    expect([percentileOf(firstTokenMs, 0.5), percentileOf(latencyMs, 0.5)]).toEqual([
      null,
      expect.any(Number),
    ]);
    expect((await readTimes(organisationId, false)).latencyMs.size).toBe(0);
  });
});
