import { and, desc, eq, gte, lt, sql as raw } from 'drizzle-orm';
import type { Sql } from 'postgres';
import type { Db } from '../db/database.ts';
import { completions } from '../db/tables/completions.ts';
import { promptRecordings } from '../db/tables/evaluations.ts';
import { visibleTo } from '../db/visibility.ts';
import type { CompletionStatus, Part } from '../domain/completion.ts';
import type { Principal } from '../domain/principal.ts';

/** Which completions of a prompt. */
export interface RecordedFilter {
  promptId: string;
  from: Date;
  /** Exclusive. */
  to: Date | undefined;
  status: Exclude<CompletionStatus, 'RUNNING'>;
  /** The mean of what people gave it, from 0 to 1; one that nobody has rated is left out then. */
  minRating: number | undefined;
}

/** What a prompt was given, as far as it was kept, and what it answered. */
export interface RecordedRun {
  completionId: string;
  variables: Record<string, unknown>;
  withheld: string[];
  parts: Part[];
  /** Undefined where the answer is text. */
  object: unknown;
}

/** Those that somebody may see, the last ones first. */
export async function listRecordedRuns(
  db: Db,
  who: Principal,
  filter: RecordedFilter,
  limit: number,
): Promise<RecordedRun[]> {
  const { promptId, from, to, status, minRating } = filter;
  const rows = await db
    .select({
      completionId: promptRecordings.completionId,
      variables: promptRecordings.variables,
      withheld: promptRecordings.withheld,
      outcome: completions.outcome,
    })
    .from(promptRecordings)
    .innerJoin(completions, eq(completions.id, promptRecordings.completionId))
    .where(
      and(
        eq(promptRecordings.organisationId, who.organisationId),
        eq(promptRecordings.promptId, promptId),
        visibleTo(who, completions, completions.keyId),
        eq(completions.status, status),
        gte(completions.createdAt, from),
        to && lt(completions.createdAt, to),
        minRating === undefined
          ? undefined
          : raw`(select avg(score) from ratings r where r.completion_id = ${completions.id}) >= ${minRating}::float8`,
      ),
    )
    .orderBy(desc(promptRecordings.completionId))
    .limit(limit);
  return rows.map(({ outcome, ...run }) => ({
    ...run,
    parts: outcome?.parts ?? [],
    object: outcome?.object,
  }));
}

/** Forgets what was kept for as long as its organisation agreed to, and all of those that agree no more. */
export async function trimRecordings(sql: Sql): Promise<void> {
  await sql`
    DELETE FROM prompt_recordings r USING organisations o
    WHERE o.id = r.organisation_id
      AND (o.record_prompts_days IS NULL OR r.created_at < now() - o.record_prompts_days * interval '1 day')`;
}
