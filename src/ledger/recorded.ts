import type { ISql, Sql } from 'postgres';
import { toJsonParameter } from '../db/json.ts';
import type { EarlierAttempt } from '../db/tables/completions.ts';
import type { Visibility } from '../db/visibility.ts';
import type { AttemptStatus, Tag, UsageSource } from '../domain/completion.ts';
import type { ErrorCode } from '../domain/errors.ts';
import { allowedByAll, toRule } from '../domain/regions.ts';
import type { RecordedFacts } from '../domain/recorded-facts.ts';
import type { MeasuredModel, RecordedAttempt, RecordedRequest } from '../domain/recorded-request.ts';

/** Which requests are meant. */
export interface RecordedRange {
  visible: Visibility;
  /** By settlement; `to` is exclusive. */
  from: Date;
  to: Date;
}

/** Some of the requests of a range. */
export interface Sample {
  /** How many there are in all. */
  requests: number;
  ids: readonly string[];
}

/** As an array of PostgreSQL. */
const QUANTILES = `{${Array.from({ length: 40 }, (_, index) => (index + 0.5) / 40).join(',')}}`;

/**
 * The requests for any of these names, no more than `limit`, taken evenly from the whole range.
 * @param names those that were asked for: routes or models.
 */
export async function sampleRecorded(
  sql: ISql,
  range: RecordedRange,
  names: readonly string[],
  limit: number,
): Promise<Sample> {
  const rows = await sql<{ id: string; total: number }[]>`
    SELECT id, total FROM (
      SELECT c.id, count(*) OVER ()::int AS total, row_number() OVER (ORDER BY c.finished_at, c.id) AS place
      FROM completions c
      WHERE ${within(sql, range)} AND c.requested_model IN ${listed(sql, names)} AND c.facts IS NOT NULL AND c.origin = 'CALLER'
    ) AS found
    WHERE place * ${limit}::int / greatest(total, ${limit}::int) <> (place - 1) * ${limit}::int / greatest(total, ${limit}::int)
    ORDER BY place`;
  return { requests: rows[0]?.total ?? 0, ids: rows.map(({ id }) => id) };
}

interface RecordedRow {
  created_ms: number;
  team_id: string;
  tags: Tag[];
  end_user_id: string | null;
  facts: RecordedFacts;
  status: RecordedRequest['status'];
  model: string;
  cost_nanos: string | null;
  input: number;
  output: number;
  cache_read: number;
  cache_write: number;
  reasoning: number;
  usage_source: UsageSource;
  total_ms: number;
  first_token_ms: number | null;
  earlier: EarlierAttempt[] | null;
  ended: { status: AttemptStatus; errorType?: ErrorCode } | null;
  regions: string[][];
}

/** @param ids of a sample. */
export async function readRecorded(sql: ISql, ids: readonly string[]): Promise<RecordedRequest[]> {
  const rows = await sql<RecordedRow[]>`
    SELECT extract(epoch FROM c.created_at)::float8 * 1000 AS created_ms, c.team_id, c.tags, c.end_user_id, c.facts, c.status,
      c.model, c.cost_nanos::text, coalesce(c.input_tokens, 0)::int AS input, coalesce(c.output_tokens, 0)::int AS output,
      coalesce(c.cache_read_tokens, 0)::int AS cache_read, coalesce(c.cache_write_tokens, 0)::int AS cache_write,
      coalesce(c.reasoning_tokens, 0)::int AS reasoning, coalesce(c.usage_source, 'NONE') AS usage_source,
      coalesce(c.total_ms, 0) AS total_ms, c.first_token_ms, c.earlier,
      -- An outcome holds the whole answer: it is unpacked only where it says more than the columns.
      CASE WHEN c.status <> 'SUCCEEDED' THEN c.outcome -> 'attempts' -> -1 END AS ended,
      jsonb_build_array(coalesce(o.regions, '[]'), coalesce(t.regions, '[]'), coalesce(k.regions, '[]')) AS regions
    FROM completions c LEFT JOIN organisations o ON o.id = c.organisation_id LEFT JOIN teams t ON t.id = c.team_id
      LEFT JOIN api_keys k ON k.id = c.key_id
    WHERE c.id IN ${listed(sql, ids)}`;
  return rows.map(toRequest);
}

function toRequest(row: RecordedRow): RecordedRequest {
  const earlier = (row.earlier ?? [])
    .toSorted((a, b) => a.index - b.index)
    .map(({ costNanos, ...attempt }) => ({
      ...attempt,
      costNanos: costNanos === null ? undefined : BigInt(costNanos),
    }));
  // Where the next attempt was not let in, the row still names the one before.
  const isLastKnown = row.status === 'SUCCEEDED' || row.ended !== null || earlier.length === 0;
  return {
    at: new Date(row.created_ms),
    teamId: row.team_id,
    tags: row.tags,
    endUserId: row.end_user_id ?? undefined,
    facts: row.facts,
    allowedRegions: allowedByAll(...row.regions.map(toRule)),
    status: row.status,
    attempts: isLastKnown ? [...earlier, lastOf(row, earlier)] : earlier,
  };
}

function lastOf(row: RecordedRow, earlier: readonly RecordedAttempt[]): RecordedAttempt {
  const before = earlier.reduce((sum, { latencyMs }) => sum + latencyMs, 0);
  return {
    model: row.model,
    status: row.status === 'SUCCEEDED' ? 'OK' : (row.ended?.status ?? 'CANCELLED'),
    errorType: row.ended?.errorType,
    latencyMs: Math.max(0, row.total_ms - before),
    firstTokenMs: row.first_token_ms === null ? undefined : Math.max(0, row.first_token_ms - before),
    usage: {
      input: row.input,
      output: row.output,
      cacheRead: row.cache_read,
      cacheWrite: row.cache_write,
      reasoning: row.reasoning,
      source: row.usage_source,
    },
    costNanos: row.cost_nanos === null ? undefined : BigInt(row.cost_nanos),
  };
}

interface MeasuredRow {
  model: string;
  error_rate: number;
  total_ms: number[] | null;
  first_token_ms: number[] | null;
  input: number | null;
  cache_read: number | null;
  cache_write: number | null;
}

/** What was seen of these models, whatever name they were asked for by; of one that was not called nothing is told. */
export async function measureModels(
  sql: ISql,
  range: RecordedRange,
  models: readonly string[],
): Promise<Map<string, MeasuredModel>> {
  const quantiles = sql`${QUANTILES}::text::float8[]`;
  const rows = await sql<MeasuredRow[]>`
    WITH calls AS (
      SELECT c.model, c.status = 'FAILED' AS failed, c.input_tokens AS input, c.cache_read_tokens AS cache_read,
        c.cache_write_tokens AS cache_write, c.usage_source = 'REPORTED' AS reported,
        -- With earlier attempts the time is that of all together.
        CASE WHEN c.status = 'SUCCEEDED' AND c.earlier IS NULL THEN c.total_ms END AS total_ms,
        CASE WHEN c.status = 'SUCCEEDED' AND c.earlier IS NULL THEN c.first_token_ms END AS first_token_ms
      FROM completions c WHERE ${within(sql, range)} AND c.origin <> 'PROBE' AND c.status IN ('SUCCEEDED', 'FAILED')
      UNION ALL
      SELECT e ->> 'model', e ->> 'status' <> 'OK', NULL, NULL, NULL, false, NULL, NULL
      FROM completions c CROSS JOIN LATERAL jsonb_array_elements(c.earlier) AS e
      WHERE ${within(sql, range)} AND c.origin <> 'PROBE' AND c.earlier IS NOT NULL AND e ->> 'status' <> 'CANCELLED'
    )
    SELECT model, avg(failed::int)::float8 AS error_rate,
      to_jsonb(percentile_disc(${quantiles}) WITHIN GROUP (ORDER BY total_ms)) AS total_ms,
      to_jsonb(percentile_disc(${quantiles}) WITHIN GROUP (ORDER BY first_token_ms)) AS first_token_ms,
      avg(input) FILTER (WHERE reported)::float8 AS input, avg(cache_read) FILTER (WHERE reported)::float8 AS cache_read,
      avg(cache_write) FILTER (WHERE reported)::float8 AS cache_write
    FROM calls WHERE model IN ${listed(sql, models)} GROUP BY model`;
  return new Map(rows.map((row) => [row.model, toMeasured(row)]));
}

function toMeasured({ error_rate, total_ms, first_token_ms, ...row }: MeasuredRow): MeasuredModel {
  const known = (quantiles: number[] | null) => (quantiles ?? []).filter((ms) => ms !== null);
  return {
    errorRate: error_rate,
    totalMs: known(total_ms),
    firstTokenMs: known(first_token_ms),
    usage:
      row.input === null
        ? undefined
        : { input: row.input, cacheRead: row.cache_read ?? 0, cacheWrite: row.cache_write ?? 0 },
  };
}

/** Runs reads that may have much to look through. @throws the database's error 57014 when they take longer. */
export async function readWithin<T>(sql: Sql, ms: number, read: (sql: ISql) => Promise<T>): Promise<T> {
  return (await sql.begin(async (tx) => {
    await tx`SELECT set_config('statement_timeout', ${String(ms)}, true)`;
    return read(tx);
  })) as T;
}

function within(sql: ISql, { visible, from, to }: RecordedRange) {
  const { organisationId, teamId = null, keyId = null } = visible;
  return sql`c.organisation_id = ${organisationId} AND (${teamId}::text IS NULL OR c.team_id = ${teamId})
    AND (${keyId}::text IS NULL OR c.key_id = ${keyId})
    AND c.finished_at >= ${from.toISOString()}::timestamptz AND c.finished_at < ${to.toISOString()}::timestamptz`;
}

function listed(sql: ISql, names: readonly string[]) {
  return sql`(SELECT jsonb_array_elements_text(${toJsonParameter(names)}::text::jsonb))`;
}
