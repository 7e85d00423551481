import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Database } from '../../src/db/database.ts';
import { WINDOW_BOUNDS } from '../../src/ledger/budgets/windows.ts';
import { isTimeZone } from '../../src/lib/time-zone.ts';
import { openLedgers, outcomeOf, reservationFor, type LedgerFixture } from '../ledger/support.ts';

let fixture: LedgerFixture;
let database: Database;
beforeAll(async () => {
  fixture = await openLedgers();
  ({ database } = fixture);
});
afterAll(() => fixture.close());

/** The window around an instant, by the SQL that is used, with another clock in the place of now(). */
async function windowAt(at: string, window: string, timeZone = 'UTC', startDay = 1): Promise<string[]> {
  const [row] = await database.sql.unsafe(
    `SELECT to_char(bounds.starts_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI') AS starts,
      to_char(bounds.ends_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI') AS ends
    FROM (SELECT $1::text AS "window", $2::text AS time_zone, $3::int AS start_day,
      '2020-01-01T00:00Z'::timestamptz AS created_at) AS b
    ${WINDOW_BOUNDS.replaceAll('now()', `'${at}'::timestamptz`)}`,
    [window, timeZone, startDay],
  );
  return [row?.['starts'] as string, row?.['ends'] as string];
}

describe('a window', () => {
  it.each([
    ['2026-11-24T10:31:59Z', 'MINUTE', 'UTC', 1, '2026-11-24T10:31', '2026-11-24T10:32'],
    ['2026-11-24T10:31:59Z', 'HOUR', 'UTC', 1, '2026-11-24T10:00', '2026-11-24T11:00'],
    ['2026-11-24T10:31:59Z', 'HOUR', 'Asia/Kolkata', 1, '2026-11-24T10:30', '2026-11-24T11:30'],
    ['2026-11-24T23:30:00Z', 'DAY', 'Europe/Berlin', 1, '2026-11-24T23:00', '2026-11-25T23:00'],
    ['2026-11-24T10:31:59Z', 'WEEK', 'UTC', 1, '2026-11-23T00:00', '2026-11-30T00:00'],
    ['2026-11-24T10:31:59Z', 'WEEK', 'UTC', 7, '2026-11-22T00:00', '2026-11-29T00:00'],
    ['2026-11-24T10:31:59Z', 'MONTH', 'UTC', 1, '2026-11-01T00:00', '2026-12-01T00:00'],
    ['2026-11-24T10:31:59Z', 'MONTH', 'UTC', 25, '2026-10-25T00:00', '2026-11-25T00:00'],
    ['2026-02-28T23:59:59Z', 'MONTH', 'UTC', 28, '2026-02-28T00:00', '2026-03-28T00:00'],
    ['2026-03-01T02:00:00Z', 'MONTH', 'America/New_York', 1, '2026-02-01T05:00', '2026-03-01T05:00'],
  ])('around %s by the %s in %s from day %i', async (at, window, timeZone, startDay, starts, ends) => {
    expect(await windowAt(at, window, timeZone, startDay)).toEqual([starts, ends]);
  });

  it.each([
    // In Berlin clocks go forward on 29 March and back on 25 October 2026.
    ['2026-03-29T12:00:00Z', '2026-03-28T23:00', '2026-03-29T22:00'],
    ['2026-10-25T12:00:00Z', '2026-10-24T22:00', '2026-10-25T23:00'],
  ])('a day on which clocks change has its true length: %s', async (at, starts, ends) => {
    expect(await windowAt(at, 'DAY', 'Europe/Berlin')).toEqual([starts, ends]);
  });

  it('the hour that clocks show twice is two windows', async () => {
    const first = await windowAt('2026-10-25T00:30:00Z', 'HOUR', 'Europe/Berlin');
    const second = await windowAt('2026-10-25T01:30:00Z', 'HOUR', 'Europe/Berlin');
    expect(first).toEqual(['2026-10-25T00:00', '2026-10-25T01:00']);
    expect(second).toEqual(['2026-10-25T01:00', '2026-10-25T02:00']);
  });

  it('each follows the one before without a gap, all through a year', async () => {
    for (const [window, zone] of [
      ['DAY', 'America/Havana'],
      ['WEEK', 'Australia/Lord_Howe'],
      ['MONTH', 'Pacific/Chatham'],
    ] as const) {
      let [, end] = await windowAt('2026-01-01T12:00:00Z', window, zone);
      for (let count = 0; count < 60; count += 1) {
        const [starts, ends] = await windowAt(`${end}:00Z`, window, zone);
        expect(starts).toBe(end);
        end = ends!;
      }
    }
  });
});

describe('a time zone', () => {
  it('that is taken means the same to the database', async () => {
    const ambiguous = ['BST', 'CET', 'CST', 'EET', 'IST', 'MET', 'PST', 'WET', 'cet'];
    const names = [...ambiguous, ...Intl.supportedValuesOf('timeZone'), 'UTC', 'Etc/GMT+5', 'US/Pacific'];
    const moments = ['2026-01-15T12:00:00Z', '2026-07-15T12:00:00Z'];
    const taken = names.filter(isTimeZone).flatMap((zone) => moments.map((at) => ({ zone, at })));
    const rows = await database.sql<{ zone: string; at: string; clock: string }[]>`
      SELECT zone, at, to_char(at::timestamptz AT TIME ZONE zone, 'YYYY-MM-DD HH24:MI') AS clock
      FROM jsonb_to_recordset(${JSON.stringify(taken)}::text::jsonb) AS x(zone text, at text)`;
    const clockOf = (zone: string, at: string) =>
      Intl.DateTimeFormat('sv', { timeZone: zone, dateStyle: 'short', timeStyle: 'short' }).format(
        new Date(at),
      );
    expect(rows.filter(({ zone, at, clock }) => clock !== clockOf(zone, at))).toEqual([]);
    expect(rows.length).toBeGreaterThan(800);
  });
});

describe('when a window ends', () => {
  const never = new AbortController().signal;

  /** As if the current windows had been those of the day before. */
  const passADay = (id: string) => database.sql`
    UPDATE budget_windows SET starts_at = starts_at - interval '1 day', ends_at = ends_at - interval '1 day'
    WHERE budget_id = ${id}`;

  it('the next begins empty, and what still runs is settled in its own', async () => {
    const ledger = fixture.newLedger();
    const teamId = 'team_of_windows';
    const { id } = await fixture.newBudget({ subjectId: teamId, limit: 1_000n, window: 'DAY' });
    const first = reservationFor({ teamId });
    await ledger.reserve(first, never);
    await passADay(id);
    expect((await fixture.readBudget(id)).current).toMatchObject({ held: 0n, settled: 0n, windowId: '' });
    const second = reservationFor({ teamId });
    await ledger.reserve(second, never);
    await ledger.settle({ completionId: first.completion.id, outcome: outcomeOf(700n) });
    expect((await fixture.readBudget(id)).current).toMatchObject({ held: 1_000n, settled: 0n });
    await ledger.settle({ completionId: second.completion.id, outcome: outcomeOf(300n) });
    const windows = await database.sql`
      SELECT held, settled FROM budget_windows WHERE budget_id = ${id} ORDER BY starts_at`;
    expect([...windows]).toEqual([
      { held: 0n, settled: 700n },
      { held: 0n, settled: 300n },
    ]);
  });

  it('the next is opened once, also when all ask at the same moment', async () => {
    const teamId = 'team_of_turnover';
    const { id } = await fixture.newBudget({ subjectId: teamId, limit: 10_000n, window: 'DAY' });
    await passADay(id);
    const ledgers = [fixture.newLedger(), fixture.newLedger()];
    const results = await Promise.allSettled(
      Array.from({ length: 40 }, (_, index) =>
        ledgers[index % 2]!.reserve(reservationFor({ teamId }), never),
      ),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
    const [count] = await database.sql`SELECT count(*)::int AS n FROM budget_windows WHERE budget_id = ${id}`;
    expect(count).toEqual({ n: 2 });
  });
});
