import type { ISql } from 'postgres';

/** Who had a model answer, or asked for it. */
export interface ModelCaller {
  teamId: string;
  /** Id of the key or of the user. */
  keyId: string;
  requests: number;
  /** Of these, how many named the model itself: no route and no alias leads them elsewhere. */
  direct: number;
  lastAt: Date;
}

const CALLERS_MAX = 1_000;

/** Those of an organisation since a moment, who asks most first. */
export async function listCallersOf(
  sql: ISql,
  organisationId: string,
  model: string,
  since: Date,
): Promise<ModelCaller[]> {
  const rows = await sql<Row[]>`
    SELECT team_id, key_id, count(*)::int AS requests, count(*) FILTER (WHERE requested_model = ${model})::int AS direct,
      extract(epoch FROM max(created_at))::float8 * 1000 AS last_ms
    FROM completions
    WHERE organisation_id = ${organisationId} AND (model = ${model} OR requested_model = ${model})
      AND created_at >= ${since.toISOString()}::text::timestamptz
    GROUP BY team_id, key_id ORDER BY requests DESC, key_id LIMIT ${CALLERS_MAX}::int`;
  return rows.map(({ team_id: teamId, key_id: keyId, requests, direct, last_ms: lastMs }) => ({
    teamId,
    keyId,
    requests,
    direct,
    lastAt: new Date(lastMs),
  }));
}

interface Row {
  team_id: string;
  key_id: string;
  requests: number;
  direct: number;
  last_ms: number;
}
