import { and, eq, gte, inArray, isNotNull, lt, sql, type SQL } from 'drizzle-orm';
import type { Db } from '../db/database.ts';
import { toJsonParameter } from '../db/json.ts';
import { matchText, type StringFilter } from '../db/match-text.ts';
import { completions } from '../db/tables/completions.ts';
import { outbox } from '../db/tables/outbox.ts';
import { visibleTo } from '../db/visibility.ts';
import type { Tag } from '../domain/completion.ts';
import type { Principal } from '../domain/principal.ts';
import type { Position } from '../events/outbox.ts';

export const GRANULARITIES = ['MINUTE', 'HOUR', 'DAY', 'WEEK', 'MONTH'] as const;
export type Granularity = (typeof GRANULARITIES)[number];

export const USAGE_DIMENSIONS = ['MODEL', 'PROVIDER', 'TEAM', 'KEY', 'TAG', 'STATUS', 'END_USER'] as const;
export type UsageDimension = (typeof USAGE_DIMENSIONS)[number];

/** Sums over settled completions. Percentiles are null where nothing was measured. */
export interface UsageTotals {
  requests: number;
  errors: number;
  input: number;
  output: number;
  cacheRead: number;
  cacheWrite: number;
  reasoning: number;
  /** Nano-USD of all that had a price. */
  costNanos: bigint;
  /** Completions whose model had no known price: they are not in `costNanos`. */
  unpriced: number;
  p50FirstTokenMs: number | null;
  p95LatencyMs: number | null;
}

export interface UsageGroup {
  key: Tag[];
  totals: UsageTotals;
}

export interface UsageBucket extends UsageGroup {
  start: Date;
}

export interface UsageFilter {
  teamId?: string | undefined;
  keyId?: string | undefined;
  model?: StringFilter | undefined;
  tag?: Tag | undefined;
}

/** What to sum: by the time of settlement (`to` is exclusive), or by what was announced between two positions. */
export type UsageSpan = { from: Date; to: Date | undefined } | { after: Position; upTo: Position };

export interface UsageReport {
  total: UsageTotals;
  groups: UsageGroup[];
  series: UsageBucket[];
}

/** All three views of one moment: they are read in one snapshot, so that they agree with each other. */
export async function reportUsage(
  db: Db,
  who: Principal,
  ask: {
    span: UsageSpan;
    filter: UsageFilter;
    groupBy: UsageDimension[];
    granularity: Granularity | undefined;
  },
): Promise<UsageReport> {
  const where = and(visibleTo(who, completions, completions.keyId), within(ask.span), matching(ask.filter));
  const { groupBy, granularity } = ask;
  return db.transaction(
    async (tx) => ({
      total: (await sumBy(tx, where, [], undefined))[0]?.totals ?? NOTHING,
      groups: groupBy.length > 0 ? await sumBy(tx, where, groupBy, undefined) : [],
      series: granularity ? await sumBy(tx, where, groupBy, granularity) : [],
    }),
    { isolationLevel: 'repeatable read', accessMode: 'read only' },
  );
}

const NOTHING: UsageTotals = {
  requests: 0,
  errors: 0,
  input: 0,
  output: 0,
  cacheRead: 0,
  cacheWrite: 0,
  reasoning: 0,
  costNanos: 0n,
  unpriced: 0,
  p50FirstTokenMs: null,
  p95LatencyMs: null,
};

function within(span: UsageSpan): SQL | undefined {
  if ('upTo' in span) {
    const announced = sql`(select ${outbox.subjectId} from ${outbox} where ${outbox.kind} = 'COMPLETION_SETTLED'
      and (${outbox.transaction}, ${outbox.seq}) > ${place(span.after)}
      and (${outbox.transaction}, ${outbox.seq}) <= ${place(span.upTo)})`;
    return inArray(completions.id, announced);
  }
  const { from, to } = span;
  return and(gte(completions.finishedAt, from), to && lt(completions.finishedAt, to));
}

function place({ transaction, seq }: Position): SQL {
  return sql`(${transaction}::text::xid8, ${seq.toString()}::text::bigint)`;
}

function matching(filter: UsageFilter): SQL | undefined {
  return and(
    isNotNull(completions.finishedAt),
    filter.teamId === undefined ? undefined : eq(completions.teamId, filter.teamId),
    filter.keyId === undefined ? undefined : eq(completions.keyId, filter.keyId),
    matchText(completions.model, filter.model),
    filter.tag && sql`${completions.tags} @> ${toJsonParameter([filter.tag])}::text::jsonb`,
  );
}

const sum = (column: typeof completions.inputTokens) =>
  sql<number>`coalesce(sum(${column}), 0)::bigint`.mapWith(Number);
const TOTALS = {
  requests: sql<number>`count(*)`.mapWith(Number),
  errors: sql<number>`count(*) filter (where ${completions.status} in ('FAILED', 'INTERRUPTED'))`.mapWith(
    Number,
  ),
  input: sum(completions.inputTokens),
  output: sum(completions.outputTokens),
  cacheRead: sum(completions.cacheReadTokens),
  cacheWrite: sum(completions.cacheWriteTokens),
  reasoning: sum(completions.reasoningTokens),
  costNanos: sql<bigint>`coalesce(sum(${completions.costNanos}), 0)::bigint`.mapWith(BigInt),
  unpriced: sql<number>`count(*) filter (where ${completions.costNanos} is null)`.mapWith(Number),
  p50FirstTokenMs: sql<
    number | null
  >`percentile_disc(0.5) within group (order by ${completions.firstTokenMs})`,
  p95LatencyMs: sql<number | null>`percentile_disc(0.95) within group (order by ${completions.totalMs})`,
};

/** Text of each dimension; a completion with several tags counts once under each of them. */
const DIMENSION_SQL: Record<Exclude<UsageDimension, 'TAG'>, SQL<string>> = {
  MODEL: sql<string>`${completions.model}`,
  PROVIDER: sql<string>`${completions.provider}`,
  TEAM: sql<string>`${completions.teamId}`,
  KEY: sql<string>`${completions.keyId}`,
  STATUS: sql<string>`${completions.status}`,
  END_USER: sql<string>`coalesce(${completions.endUserId}, '')`,
};

async function sumBy(
  db: Pick<Db, 'select'>,
  where: SQL | undefined,
  dimensions: UsageDimension[],
  granularity: Granularity | undefined,
): Promise<UsageBucket[]> {
  const bucket = granularity
    ? sql<Date>`date_trunc(${sql.raw(`'${granularity}'`)}, ${completions.finishedAt}, 'UTC')`.mapWith(
        completions.finishedAt,
      )
    : sql<null>`null::timestamptz`;
  const names = dimensions.map((name) =>
    name === 'TAG' ? sql<string>`tag.value ->> 'key'` : sql<string>`${sql.raw(`'${name}'`)}::text`,
  );
  const values = dimensions.map((name) =>
    name === 'TAG' ? sql<string>`tag.value ->> 'value'` : DIMENSION_SQL[name],
  );
  const key = sql<string[]>`jsonb_build_array(${sql.join([...names, ...values], sql`, `)})`;
  const query = db
    .select({ start: bucket, key, ...TOTALS })
    .from(
      dimensions.includes('TAG')
        ? sql`${completions} cross join lateral jsonb_array_elements(${completions.tags}) as tag(value)`
        : completions,
    )
    .where(where)
    .groupBy(sql`1, 2`)
    .orderBy(sql`1, 2`);
  return (await query).map(({ start, key: names_values, ...totals }) => ({
    start: start ?? new Date(0),
    key: dimensions.map((_, index) => ({
      key: names_values[index] ?? '',
      value: names_values[index + dimensions.length] ?? '',
    })),
    totals,
  }));
}
