import { sql } from 'drizzle-orm';
import type { Db } from '../db/database.ts';
import type { Visibility } from '../db/visibility.ts';
import { InvalidInput } from '../domain/errors.ts';
import type { Position } from '../events/outbox.ts';
import { coverTime, type Buckets, type TimeRange } from './cover.ts';
import type { Granularity, UsageDimension } from './dimensions.ts';
import { sumOfMeasures } from './facts.ts';
import { withOrigins, type UsageFilter } from './filter.ts';
import { addHistogram, unpackSteps } from './histogram.ts';
import { ensureBounded, MAX_ROWS } from './limits.ts';
import { findWatermark } from './progress.ts';
import { toTotals, type SumRow as Sums } from './sum-row.ts';
import { usedSteps, usedSums, type Selection, type Source } from './sources.ts';
import {
  compareKeys,
  emptyTotals,
  sumGroups,
  type UsageBucket,
  type UsageGroup,
  type UsageTotals,
} from './totals.ts';

/** What to report. */
export interface UsageAsk {
  range: TimeRange;
  filter: UsageFilter;
  groupBy: readonly UsageDimension[];
  /** Undefined for no series. */
  granularity: Granularity | undefined;
  /** Name of the IANA database whose calendar the buckets are of. */
  timeZone: string;
  /** Histograms cost time, so they are only made when somebody wants percentiles. */
  withHistograms: boolean;
}

export interface UsageReport {
  total: UsageTotals;
  groups: UsageGroup[];
  series: UsageBucket[];
  /** When it was read, by the clock of the database. */
  asOf: Date;
}

type Tx = Pick<Db, 'execute'>;

/**
 * What was settled in a time, exactly: it is the sum of the journal at the moment of the snapshot, however far the
 * roll-ups are.
 * @throws InvalidInput for an unknown time zone, or when it would have too many rows.
 */
export async function reportUsage(db: Db, visible: Visibility, asked: UsageAsk): Promise<UsageReport> {
  ensureBounded(asked);
  const ask = { ...asked, filter: withOrigins(asked.filter, asked.groupBy) };
  return db.transaction(
    async (tx) => {
      // The planner's guesses are far too high here, and compiling takes longer than all the work.
      const [now] = await tx.execute<{ ms: number }>(sql`
        select extract(epoch from now())::float8 * 1000 as ms, set_config('jit', 'off', true)`);
      const source = await chooseSource(tx, visible, ask);
      return { ...(await sumUp(tx, visible, ask, source)), asOf: new Date(now!.ms) };
    },
    { isolationLevel: 'repeatable read', accessMode: 'read only' },
  );
}

/** The same of what was announced after one place of the outbox and up to another. */
export function reportAnnounced(
  tx: Tx,
  visible: Visibility,
  ask: Pick<UsageAsk, 'filter' | 'groupBy'>,
  span: { after: Position; upTo: Position },
): Promise<Pick<UsageReport, 'total' | 'groups'>> {
  const whole = { ...ask, granularity: undefined, timeZone: 'UTC', withHistograms: true };
  return sumUp(tx, visible, whole, { kind: 'announced', ...span });
}

async function chooseSource(tx: Tx, visible: Visibility, ask: UsageAsk): Promise<Source> {
  const { range, groupBy, filter, granularity } = ask;
  const needsFacts =
    granularity === 'MINUTE' ||
    groupBy.some((name) => name === 'TAG' || name === 'END_USER') ||
    filter.tag !== undefined ||
    filter.endUserId !== undefined;
  const watermark = needsFacts ? undefined : await findWatermark(tx);
  if (!watermark) return { kind: 'facts', range };
  return { kind: 'rollups', range, watermark, runs: await coverTime(tx, visible, range, ask) };
}

async function sumUp(
  tx: Tx,
  visible: Visibility,
  ask: Omit<UsageAsk, 'range'>,
  source: Source,
): Promise<Omit<UsageReport, 'asOf'>> {
  const { groupBy, filter, granularity } = ask;
  const byKey = groupBy.includes('KEY') || filter.keyId !== undefined || visible.keyId !== undefined;
  const selection: Selection = { visible, filter, buckets: ask, byKey, source };
  const rows = await readRows(tx, selection, groupBy, ask.withHistograms);
  // A completion with several tags is in several groups, but only once in the total.
  const inTotal = groupBy.includes('TAG')
    ? await readRows(tx, { ...selection, buckets: WHOLE }, [], ask.withHistograms)
    : rows;
  return {
    total: sumGroups(inTotal.map(({ totals }) => ({ key: [], totals })))[0]?.totals ?? emptyTotals(),
    groups: groupBy.length > 0 ? sumGroups(rows) : [],
    series: granularity
      ? rows.toSorted((a, b) => a.start.getTime() - b.start.getTime() || compareKeys(a, b))
      : [],
  };
}

const WHOLE: Buckets = { granularity: undefined, timeZone: 'UTC' };

/** One row for each group in each bucket. */
async function readRows(
  tx: Tx,
  selection: Selection,
  groupBy: readonly UsageDimension[],
  withHistograms: boolean,
): Promise<UsageBucket[]> {
  const tagged = groupBy.includes('TAG')
    ? sql`cross join lateral jsonb_array_elements(used.tags) as tag(value)`
    : sql``;
  const places = ['bucket', ...groupBy.flatMap((name) => COLUMNS[name])];
  const columns = sql.raw(places.map((column, index) => `${column} as p${index}`).join(', '));
  const inGroups = sql`group by ${sql.raw(places.map((_column, index) => index + 1).join(', '))}`;
  const names = sql.raw(places.map((_column, index) => `p${index}`).join(', '));

  const sums = await tx.execute<BucketRow>(sql`
    select extract(epoch from p0)::float8 * 1000 as start_ms, sums.* from (
      select ${columns}, ${sumOfMeasures('used')},
        coalesce(sum(used.requests) filter (where used.status in ('FAILED', 'INTERRUPTED')), 0) as errors
      from (${usedSums(selection)}) as used ${tagged} ${inGroups}
    ) sums limit ${MAX_ROWS + 1}`);
  if (sums.length > MAX_ROWS) throw tooManyRows();
  const rows = new Map(sums.map((row) => [nameOf(row, places), toBucket(row, groupBy)]));
  if (!withHistograms) return [...rows.values()];

  const histograms = await tx.execute<StepsRow>(sql`
    select ${names}, first_token, array_to_json(array_agg((step << 32 | times)::text)) as packed from (
      select ${columns}, first_token, step, sum(times)::bigint as times
      from (${usedSteps(selection)}) as used ${tagged} ${inGroups}, first_token, step
    ) steps group by ${names}, first_token`);
  for (const row of histograms) {
    const totals = rows.get(nameOf(row, places))?.totals;
    if (totals)
      addHistogram(row.first_token ? totals.firstTokenMs : totals.latencyMs, unpackSteps(row.packed));
  }
  return [...rows.values()];
}

/** What a dimension is grouped by. */
const COLUMNS: Record<UsageDimension, string[]> = {
  MODEL: ['model'],
  PROVIDER: ['provider'],
  TEAM: ['team_id'],
  KEY: ['key_id'],
  STATUS: ['status'],
  END_USER: ['end_user_id'],
  ORIGIN: ['origin'],
  PROMPT: ['prompt'],
  TAG: [`tag.value ->> 'key'`, `tag.value ->> 'value'`],
};

/** A bucket as text and the texts of the dimensions, `p0` and so on. */
type Places = Record<string, string | null>;
type BucketRow = Places & Sums & { start_ms: number | null; errors: string };
type StepsRow = Places & { first_token: boolean; packed: string[] };

const nameOf = (row: Places, places: string[]) =>
  JSON.stringify(places.map((_place, index) => row[`p${index}`]));

function toBucket(row: BucketRow, groupBy: readonly UsageDimension[]): UsageBucket {
  let place = 0;
  const nextText = () => row[`p${(place += 1)}`] ?? '';
  return {
    start: new Date(row.start_ms ?? 0),
    key: groupBy.map((name) => ({ key: name === 'TAG' ? nextText() : name, value: nextText() })),
    totals: toTotals(row, Number(row.errors)),
  };
}

function tooManyRows(): InvalidInput {
  const message = `the report has more than ${MAX_ROWS} rows (groups × buckets); ask for a shorter range, a coarser granularity or fewer dimensions`;
  return new InvalidInput([{ path: ['groupBy'], message }]);
}
