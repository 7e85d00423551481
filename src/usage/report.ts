import { sql, type SQL } from 'drizzle-orm';
import type { Db } from '../db/database.ts';
import type { Visibility } from '../db/visibility.ts';
import { InvalidInput } from '../domain/errors.ts';
import type { Position } from '../events/outbox.ts';
import { coverTime, type Buckets, type TimeRange } from './cover.ts';
import type { Granularity, UsageDimension } from './dimensions.ts';
import { sumOfMeasures } from './facts.ts';
import type { UsageFilter } from './filter.ts';
import { addHistogram, unpackSteps } from './histogram.ts';
import { ensureBounded, MAX_ROWS } from './limits.ts';
import { findWatermark } from './progress.ts';
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
export async function reportUsage(db: Db, visible: Visibility, ask: UsageAsk): Promise<UsageReport> {
  ensureBounded(ask);
  return db.transaction(
    async (tx) => {
      const [now] = await tx.execute<{ ms: number }>(
        sql`select extract(epoch from now())::float8 * 1000 as ms`,
      );
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
  const place = sql`extract(epoch from bucket)::float8 * 1000 as start_ms, ${keyOf(groupBy)} as key`;
  const sums = await tx.execute<SumRow>(sql`
    select ${place}, ${sumOfMeasures('used')},
      coalesce(sum(used.requests) filter (where used.status in ('FAILED', 'INTERRUPTED')), 0) as errors
    from (${usedSums(selection)}) as used ${tagged} group by 1, 2 limit ${MAX_ROWS + 1}`);
  if (sums.length > MAX_ROWS) throw tooManyRows();
  const rows = new Map(sums.map((row) => [nameOf(row), toBucket(row, groupBy)]));
  if (!withHistograms) return [...rows.values()];
  const histograms = await tx.execute<StepsRow>(sql`
    select start_ms, key, first_token, array_to_json(array_agg((step << 32 | times)::text)) as packed from (
      select ${place}, first_token, step, sum(times)::bigint as times
      from (${usedSteps(selection)}) as used ${tagged} group by 1, 2, 3, 4
    ) steps group by 1, 2, 3`);
  for (const row of histograms) {
    const totals = rows.get(nameOf(row))?.totals;
    if (totals)
      addHistogram(row.first_token ? totals.firstTokenMs : totals.latencyMs, unpackSteps(row.packed));
  }
  return [...rows.values()];
}

const COLUMNS: Record<Exclude<UsageDimension, 'TAG'>, string> = {
  MODEL: 'model',
  PROVIDER: 'provider',
  TEAM: 'team_id',
  KEY: 'key_id',
  STATUS: 'status',
  END_USER: 'end_user_id',
};

/** Names and values of the dimensions, side by side. */
function keyOf(groupBy: readonly UsageDimension[]): SQL {
  const parts = groupBy.map((name) =>
    name === 'TAG'
      ? sql`tag.value ->> 'key', tag.value ->> 'value'`
      : sql.raw(`'${name}'::text, used.${COLUMNS[name]}`),
  );
  return sql`jsonb_build_array(${sql.join(parts, sql`, `)})::text`;
}

type Place = { start_ms: number | null; key: string };
type SumRow = Place & Record<string, string | null>;
type StepsRow = Place & { first_token: boolean; packed: string[] };

const nameOf = ({ start_ms: start, key }: Place) => `${start} ${key}`;

function toBucket(row: SumRow, groupBy: readonly UsageDimension[]): UsageBucket {
  const texts = JSON.parse(row.key) as string[];
  const count = (name: string) => Number(row[name] ?? 0);
  return {
    start: new Date(row.start_ms ?? 0),
    key: groupBy.map((_name, index) => ({ key: texts[2 * index] ?? '', value: texts[2 * index + 1] ?? '' })),
    totals: {
      requests: count('requests'),
      errors: count('errors'),
      cacheHits: count('cache_hits'),
      unpricedRequests: count('unpriced'),
      input: count('input_tokens'),
      output: count('output_tokens'),
      cacheRead: count('cache_read_tokens'),
      cacheWrite: count('cache_write_tokens'),
      reasoning: count('reasoning_tokens'),
      costNanos: BigInt(row['cost_nanos'] ?? 0),
      firstTokenMs: new Map(),
      latencyMs: new Map(),
    },
  };
}

function tooManyRows(): InvalidInput {
  const message = `the report has more than ${MAX_ROWS} rows (groups × buckets); ask for a shorter range, a coarser granularity or fewer dimensions`;
  return new InvalidInput([{ path: ['groupBy'], message }]);
}
