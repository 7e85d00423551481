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

/** Rows of dimensions, `bucket` and measures, to be selected from under the name `used`. */
export function usedSums(selection: Selection): SQL {
  const measures = sql.raw(MEASURES.join(', '));
  const ofFacts = usedFacts(selection, measures);
  if (selection.source.kind !== 'rollups') return ofFacts;
  const bucket = bucketOf(sql`r.starts_at`, selection.buckets);
  const slots = (rollups: SQL) =>
    sql`select ${bucket} as bucket, ${sumOfMeasures('r')} from ${rollups} group by 1`;
  return sql`${usedRollups(selection, sql`bucket, ${measures}`, slots)} union all ${ofFacts}`;
}

/** Rows of dimensions, `bucket`, `first_token`, `step` and `times`: the histograms, one step a row. */
export function usedSteps(selection: Selection): SQL {
  const steps = sql`cross join lateral (
    values (true, ${stepOf(sql`first_token_ms`)}), (false, ${stepOf(sql`total_ms`)})) as measured(first_token, step)`;
  const measured = usedFacts(selection, sql`first_token, step, 1::bigint as times`, steps);
  const ofFacts = sql`select * from (${measured}) measured where step is not null`;
  if (selection.source.kind !== 'rollups') return ofFacts;
  const bucket = bucketOf(sql`r.starts_at`, selection.buckets);
  const slots = (rollups: SQL) => sql`
    select bucket, first_token, packed >> 32 as step, sum(packed & 4294967295)::bigint as times from (
      select ${bucket} as bucket, true as first_token, unnest(r.first_token_steps) as packed from ${rollups}
      union all select ${bucket}, false, unnest(r.latency_steps) from ${rollups}
    ) histograms group by 1, 2, 3`;
  return sql`${usedRollups(selection, sql`bucket, first_token, step, times`, slots)} union all ${ofFacts}`;
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

const ROLLUP_DIMENSIONS = 'team_id, key_id, provider, model, status, origin, prompt';
const FACT_DIMENSIONS = `${ROLLUP_DIMENSIONS}, tags, end_user_id`;

function factsOf(source: Source, { organisationId }: Visibility): SQL {
  if (source.kind === 'facts') return ALL_FACTS;
  if (source.kind === 'announced')
    return sql`with recent as materialized (${eventsBetween(source.after, source.upTo)}) ${announcedFacts('recent')}`;
  const edges = source.runs.filter(({ grain_s: grain }) => grain === 0);
  const isRolledUp = (id: SQL, kind: string) =>
    sql`${id} not in (select subject_id from recent where kind = ${kind})`;
  const ofEdges = settledFacts({
    completions: (those) => sql`${runsOf(edges)} cross join lateral (
        select * from completions where organisation_id = ${organisationId}
          and finished_at >= x.starts_at and finished_at < x.ends_at and ${those} offset 0
      ) c where ${isRolledUp(sql`c.id`, 'COMPLETION_SETTLED')}`,
    corrections: sql`${runsOf(edges)} cross join lateral (
        select * from ledger_entries where organisation_id = ${organisationId} and kind in ('ADJUST', 'CREDIT')
          and created_at >= x.starts_at and created_at < x.ends_at offset 0
      ) e left join completions c on c.id = e.completion_id where ${isRolledUp(sql`e.id::text`, 'LEDGER_CORRECTED')}`,
  });
  const recent = sql`with recent as materialized (${eventsBetween(source.watermark)}) ${announcedFacts('recent')}`;
  return edges.length > 0 ? sql`${recent} union all ${ofEdges}` : recent;
}

/**
 * Each series reads only what it needs of its roll-ups, whatever the planner thinks of the runs.
 * @param slots makes of a source of roll-ups `r` what `columns` are taken from.
 */
function usedRollups(selection: Selection, columns: SQL, slots: (rollups: SQL) => SQL): SQL {
  const { visible, filter, byKey, source } = selection;
  const runs = source.kind === 'rollups' ? source.runs.filter(({ grain_s: grain }) => grain > 0) : [];
  const where = and(
    within(visible, usageSeries, usageSeries.keyId),
    eq(usageSeries.byKey, byKey),
    matching(usageSeries, filter),
  );
  const rollups = sql`${runsOf(runs)} cross join lateral (
      select * from usage_rollups where series_id = usage_series.id and grain_s = x.grain_s
        and starts_at >= x.starts_at and starts_at < x.ends_at offset 0
    ) r`;
  return sql`
    select ${sql.raw(ROLLUP_DIMENSIONS)}, '[]'::jsonb as tags, '' as end_user_id, ${columns}
    from usage_series cross join lateral (${slots(rollups)}) slots where ${where}`;
}

function runsOf(runs: Run[]): SQL {
  return sql`jsonb_to_recordset(${toJsonParameter(runs)}::text::jsonb)
    as x(grain_s int, starts_at timestamptz, ends_at timestamptz)`;
}
