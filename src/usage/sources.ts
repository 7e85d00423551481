import { and, eq, sql, type SQL } from 'drizzle-orm';
import { toJsonParameter } from '../db/json.ts';
import { usageSeries } from '../db/tables/usage.ts';
import { within, type Visibility } from '../db/visibility.ts';
import type { Position } from '../events/outbox.ts';
import { bucketOf, inRange, type Buckets, type Run, type TimeRange } from './cover.ts';
import { ALL_FACTS, announcedFacts, facts, MEASURES, settledFacts, sumOfMeasures } from './facts.ts';
import { matching, matchingFacts, type UsageFilter } from './filter.ts';
import { stepOf } from './histogram.ts';
import { eventsBetween } from './progress.ts';

/** Where the figures of a report come from. All of it counts every fact exactly once. */
export type Source =
  /** The facts of a time. */
  | { kind: 'facts'; range: TimeRange }
  /** The facts that were announced between two places of the outbox. */
  | { kind: 'announced'; after: Position; upTo: Position }
  /** Roll-ups, with the facts at the edges of the time and those that came after the watermark. */
  | { kind: 'rollups'; range: TimeRange; watermark: Position; runs: Run[] };

export interface Selection {
  visible: Visibility;
  filter: UsageFilter;
  buckets: Buckets;
  /** Whether keys must be told apart. */
  byKey: boolean;
  source: Source;
}

/** Rows of dimensions, `bucket` and measures, under the name `used`. */
export function usedSums(selection: Selection): SQL {
  const measures = sql.raw(MEASURES.join(', '));
  const ofFacts = usedFacts(selection, measures);
  if (selection.source.kind !== 'rollups') return ofFacts;
  const sums = sql`bucket, ${measures}`;
  const inSlots = sql`${bucketOf(sql`r.starts_at`, selection.buckets)} as bucket, ${sumOfMeasures('r')}`;
  return sql`${usedRollups(selection, sums, sql`select ${inSlots}`, sql`group by 1`)} union all ${ofFacts}`;
}

/** Rows of dimensions, `bucket`, `first_token`, `step` and `times`: the histograms, one step a row. */
export function usedSteps(selection: Selection): SQL {
  const measured = sql`first_token, step, 1::bigint as times`;
  const steps = sql`cross join lateral (
    values (true, ${stepOf(sql`first_token_ms`)}), (false, ${stepOf(sql`total_ms`)})) as measured(first_token, step)`;
  const ofFacts = sql`select * from (${usedFacts(selection, measured, steps)}) measured where step is not null`;
  if (selection.source.kind !== 'rollups') return ofFacts;
  const unpacked = sql`bucket, first_token, packed >> 32, packed & 4294967295`;
  const inSlots = sql`select bucket, first_token, unnest(steps) as packed from (
    select ${bucketOf(sql`r.starts_at`, selection.buckets)} as bucket, measured.*`;
  const measuredSlots = sql`cross join lateral (
    values (true, r.first_token_steps), (false, r.latency_steps)) as measured(first_token, steps)) histograms`;
  return sql`${usedRollups(selection, unpacked, inSlots, measuredSlots)} union all ${ofFacts}`;
}

function usedFacts({ visible, filter, buckets, source }: Selection, columns: SQL, joined = sql``): SQL {
  const at = sql`${facts.at}`;
  const where = and(
    within(visible, facts, facts.keyId),
    matchingFacts(filter),
    source.kind === 'announced' ? undefined : inRange(at, source.range),
  );
  return sql`
    select ${sql.raw(FACT_DIMENSIONS)}, ${bucketOf(at, buckets)} as bucket, ${columns}
    from (${factsOf(source, visible)}) as facts ${joined} where ${where}`;
}

const ROLLUP_DIMENSIONS = 'team_id, key_id, provider, model, status';
const FACT_DIMENSIONS = `${ROLLUP_DIMENSIONS}, tags, end_user_id`;

function factsOf(source: Source, { organisationId }: Visibility): SQL {
  if (source.kind === 'facts') return ALL_FACTS;
  if (source.kind === 'announced')
    return sql`with recent as materialized (${eventsBetween(source.after, source.upTo)}) ${announcedFacts('recent')}`;
  const edges = source.runs.filter(({ grain_s: grain }) => grain === 0);
  const isRolledUp = (id: SQL, kind: string) =>
    sql`${id} not in (select subject_id from recent where kind = ${kind})`;
  const ofEdges = settledFacts({
    completions: sql`${runsOf(edges)} x(grain_s int, starts_at timestamptz, ends_at timestamptz) cross join lateral (
        select * from completions where organisation_id = ${organisationId}
          and finished_at >= x.starts_at and finished_at < x.ends_at offset 0
      ) c where ${isRolledUp(sql`c.id`, 'COMPLETION_SETTLED')}`,
    corrections: sql`${runsOf(edges)} x(grain_s int, starts_at timestamptz, ends_at timestamptz) cross join lateral (
        select * from ledger_entries where organisation_id = ${organisationId} and kind in ('ADJUST', 'CREDIT')
          and created_at >= x.starts_at and created_at < x.ends_at offset 0
      ) e left join completions c on c.id = e.completion_id where ${isRolledUp(sql`e.id::text`, 'LEDGER_CORRECTED')}`,
  });
  const recent = sql`with recent as materialized (${eventsBetween(source.watermark)}) ${announcedFacts('recent')}`;
  return edges.length > 0 ? sql`${recent} union all ${ofEdges}` : recent;
}

/** Each series reads only what it needs of its roll-ups, whatever the planner thinks of the runs. */
function usedRollups(
  { visible, filter, byKey, source }: Selection,
  columns: SQL,
  select: SQL,
  rest: SQL,
): SQL {
  const runs = source.kind === 'rollups' ? source.runs.filter(({ grain_s: grain }) => grain > 0) : [];
  const where = and(
    within(visible, usageSeries, usageSeries.keyId),
    eq(usageSeries.byKey, byKey),
    matching(usageSeries, filter),
  );
  return sql`
    select ${sql.raw(ROLLUP_DIMENSIONS)}, '[]'::jsonb as tags, '' as end_user_id, ${columns}
    from usage_series cross join lateral (
      ${select} from ${runsOf(runs)} x(grain_s int, starts_at timestamptz, ends_at timestamptz) cross join lateral (
        select * from usage_rollups where series_id = usage_series.id and grain_s = x.grain_s
          and starts_at >= x.starts_at and starts_at < x.ends_at offset 0
      ) r ${rest}
    ) slots where ${where}`;
}

function runsOf(runs: Run[]): SQL {
  return sql`jsonb_to_recordset(${toJsonParameter(runs)}::text::jsonb)
    as`;
}
