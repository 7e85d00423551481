import type { ISql } from 'postgres';
import type { Principal } from '../domain/principal.ts';

/** How far back to look: enough for a median, and a bounded read for a team that never used the model. */
const RECENT = 500;

/** Median of the output tokens that a model lately gave the caller's team; undefined when it gave none. */
export async function findLikelyOutputTokens(
  sql: ISql,
  { organisationId, teamId }: Principal,
  model: string,
): Promise<number | undefined> {
  const [row] = await sql<{ median: number | null }[]>`
    SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY output_tokens)::int AS median FROM (
      SELECT model, status, output_tokens FROM completions
      WHERE organisation_id = ${organisationId} AND team_id = ${teamId} ORDER BY id DESC LIMIT ${RECENT}
    ) AS recent WHERE model = ${model} AND status = 'SUCCEEDED'`;
  return row?.median ?? undefined;
}
