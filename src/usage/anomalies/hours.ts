import type { Sql } from '../../db/database.ts';
import { toJsonParameter } from '../../db/json.ts';
import { LEAST_REQUESTS, type HourOfUse } from './judge.ts';

/** A key, or a team with all its keys. */
export interface AnomalySubject {
  organisationId: string;
  teamId: string;
  /** Undefined for a team. */
  keyId: string | undefined;
}

/** What was settled for a subject in the hour that begins at `at`. */
export interface SubjectHour extends AnomalySubject {
  at: Date;
  use: HourOfUse;
}

/** More are not looked at; those that spent most come first. */
const MOST_HOURS = 5_000;

/**
 * The hour that is running, and for a quarter of an hour the one before it, of every key and team that used enough in it
 * to be judged. What was just settled may not be in it yet.
 */
export async function listLatestHours(sql: Sql, minimumNanos: bigint): Promise<SubjectHour[]> {
  const rows = await sql<HourRow[]>`
    SELECT s.organisation_id, s.team_id, s.key_id, extract(epoch FROM r.starts_at)::float8 * 1000 AS at_ms,
      ${sumsOf(sql)}
    FROM usage_series s CROSS JOIN LATERAL (
      SELECT * FROM usage_rollups WHERE series_id = s.id AND grain_s = 3600
        AND starts_at >= date_bin('1 hour', now() - interval '15 minutes', 'epoch') OFFSET 0
    ) r
    WHERE s.origin = 'CALLER' AND (NOT s.by_key OR s.key_id <> '')
    GROUP BY s.organisation_id, s.team_id, s.key_id, r.starts_at
    HAVING sum(r.cost_nanos) >= ${minimumNanos.toString()}::text::bigint
      OR sum(r.requests) >= ${LEAST_REQUESTS.toString()}::text::bigint
    ORDER BY sum(r.cost_nanos) DESC LIMIT ${MOST_HOURS}`;
  return rows.map((row) => ({
    organisationId: row.organisation_id,
    teamId: row.team_id,
    keyId: row.key_id === '' ? undefined : row.key_id,
    at: new Date(row.at_ms),
    use: toUse(row),
  }));
}

/** The hours of the week before each of these in which its subject made requests, in their order. */
export async function readHistories(sql: Sql, hours: readonly SubjectHour[]): Promise<HourOfUse[][]> {
  const asked = hours.map(({ organisationId, teamId, keyId, at }, place) => ({
    place,
    organisation_id: organisationId,
    team_id: teamId,
    key_id: keyId ?? '',
    at,
  }));
  const rows = await sql<(SumRow & { place: number })[]>`
    SELECT x.place, ${sumsOf(sql)}
    FROM jsonb_to_recordset(${toJsonParameter(asked)}::text::jsonb)
      AS x(place int, organisation_id text, team_id text, key_id text, at timestamptz)
    JOIN usage_series s ON (s.organisation_id, s.by_key, s.team_id, s.key_id)
      = (x.organisation_id, x.key_id <> '', x.team_id, x.key_id)
    CROSS JOIN LATERAL (
      SELECT * FROM usage_rollups WHERE series_id = s.id AND grain_s = 3600
        AND starts_at >= x.at - interval '168 hours' AND starts_at < x.at OFFSET 0
    ) r
    GROUP BY x.place, r.starts_at HAVING sum(r.requests) > 0`;
  const byPlace = Map.groupBy(rows, ({ place }) => place);
  return hours.map((_hour, place) => (byPlace.get(place) ?? []).map(toUse));
}

/** Of roll-ups `r` of the series `s`. */
function sumsOf(sql: Sql) {
  return sql`sum(r.requests)::bigint AS requests, sum(r.cost_nanos)::bigint AS cost_nanos,
    sum(r.input_tokens + r.output_tokens)::bigint AS tokens,
    coalesce(sum(r.requests) FILTER (WHERE s.status IN ('FAILED', 'INTERRUPTED')), 0)::bigint AS errors`;
}

interface SumRow {
  requests: bigint;
  errors: bigint;
  tokens: bigint;
  cost_nanos: bigint;
}

interface HourRow extends SumRow {
  organisation_id: string;
  team_id: string;
  key_id: string;
  at_ms: number;
}

function toUse({ requests, errors, tokens, cost_nanos: costNanos }: SumRow): HourOfUse {
  return { requests, errors, tokens, costNanos };
}
