import type { ISql } from 'postgres';
import { toJsonParameter } from '../db/json.ts';

/** What somebody thought of an answer. */
export interface Rating {
  completionId: string;
  /** From 0 to 1. */
  score: number;
  comment: string | undefined;
  /** When it was given, or replaced the last time. */
  createdAt: Date;
}

/** How many of one completion are told. */
export const RATINGS_TOLD = 100;

/**
 * Keeps a rating, in the place of an earlier one of the same rater.
 * @returns whether it is the rater's first of this completion.
 */
export async function keepRating(
  sql: ISql,
  { completionId, score, comment }: Pick<Rating, 'completionId' | 'score' | 'comment'>,
  raterId: string,
): Promise<boolean> {
  // A row that is new has no other transaction's mark on it.
  const [row] = await sql<{ first: boolean }[]>`
    INSERT INTO ratings (completion_id, rater_id, score, comment, created_at)
    VALUES (${completionId}, ${raterId}, ${score}::float8, ${comment ?? null}, now())
    ON CONFLICT (completion_id, rater_id)
      DO UPDATE SET score = excluded.score, comment = excluded.comment, created_at = excluded.created_at
    RETURNING xmax::text = '0' AS first`;
  return row!.first;
}

/** The score that a rater has given a completion. */
export async function readScoreOf(
  sql: ISql,
  completionId: string,
  raterId: string,
): Promise<number | undefined> {
  const [row] = await sql<{ score: number }[]>`
    SELECT score FROM ratings WHERE completion_id = ${completionId} AND rater_id = ${raterId}`;
  return row?.score;
}

/** Of completions that the caller was let see: the last ones first, and no more than `RATINGS_TOLD` of each. */
export async function listRatings(sql: ISql, completionIds: readonly string[]): Promise<Rating[]> {
  const rows = await sql<{ completion_id: string; score: number; comment: string | null; ms: number }[]>`
    SELECT * FROM (
      SELECT completion_id, score, comment, extract(epoch FROM created_at)::float8 * 1000 AS ms,
        row_number() OVER (PARTITION BY completion_id ORDER BY created_at DESC, rater_id) AS place
      FROM ratings
      WHERE completion_id IN (SELECT jsonb_array_elements_text(${toJsonParameter(completionIds)}::text::jsonb))
    ) AS found WHERE place <= ${RATINGS_TOLD}::int ORDER BY completion_id, place`;
  return rows.map(({ completion_id, score, comment, ms }) => ({
    completionId: completion_id,
    score,
    comment: comment ?? undefined,
    createdAt: new Date(ms),
  }));
}
