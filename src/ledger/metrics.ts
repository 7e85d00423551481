import type { ISql } from 'postgres';
import { toJsonParameter } from '../db/json.ts';

/** What came of an answer, by a measure of the caller's own. */
export interface CompletionMetric {
  completionId: string;
  name: string;
  value: number;
  /** When it was told, or replaced the last time. */
  createdAt: Date;
}

/** How many of one completion are told. */
export const METRICS_TOLD = 100;

/** Keeps values, each in the place of an earlier one of the same rater and name. */
export async function keepMetrics(
  sql: ISql,
  completionId: string,
  metrics: readonly Pick<CompletionMetric, 'name' | 'value'>[],
  raterId: string,
): Promise<void> {
  if (metrics.length === 0) return;
  await sql`
    INSERT INTO completion_metrics (completion_id, rater_id, name, value, created_at)
    SELECT ${completionId}::text, ${raterId}::text, name, value, now()
    FROM jsonb_to_recordset(${toJsonParameter(metrics)}::text::jsonb) AS x(name text, value float8)
    ON CONFLICT (completion_id, rater_id, name)
      DO UPDATE SET value = excluded.value, created_at = excluded.created_at`;
}

/** Those that a rater has told of a completion, by name. */
export async function readMetricsOf(
  sql: ISql,
  completionId: string,
  raterId: string,
): Promise<Map<string, number>> {
  const rows = await sql<{ name: string; value: number }[]>`
    SELECT name, value FROM completion_metrics WHERE completion_id = ${completionId} AND rater_id = ${raterId}`;
  return new Map(rows.map(({ name, value }) => [name, value]));
}

/** Of completions that the caller was let see: the last ones first, and no more than `METRICS_TOLD` of each. */
export async function listMetrics(sql: ISql, completionIds: readonly string[]): Promise<CompletionMetric[]> {
  const rows = await sql<{ completion_id: string; name: string; value: number; ms: number }[]>`
    SELECT * FROM (
      SELECT completion_id, name, value, extract(epoch FROM created_at)::float8 * 1000 AS ms,
        row_number() OVER (PARTITION BY completion_id ORDER BY created_at DESC, name, rater_id) AS place
      FROM completion_metrics
      WHERE completion_id IN (SELECT jsonb_array_elements_text(${toJsonParameter(completionIds)}::text::jsonb))
    ) AS found WHERE place <= ${METRICS_TOLD}::int ORDER BY completion_id, place`;
  return rows.map(({ completion_id, name, value, ms }) => ({
    completionId: completion_id,
    name,
    value,
    createdAt: new Date(ms),
  }));
}
