import type { ISql } from 'postgres';
import { subjectOf, tagSubject } from '../../domain/budget.ts';
import type { TaskTag } from '../../domain/tag.ts';
import { newId } from '../../lib/ids.ts';
import { openWindows } from './windows.ts';

/** What a budget of a task says. */
export interface OwnBudget {
  organisationId: string;
  /** What its completions are tagged with. */
  tag: TaskTag;
  limitNanos: bigint;
}

/**
 * Gives a task a budget of its own: of all that is tagged with it together no more is ever settled and held than that. It is
 * seen with the task only.
 * @returns its id.
 */
export async function openOwnBudget(
  tx: ISql,
  { organisationId, tag, limitNanos }: OwnBudget,
): Promise<string> {
  const id = newId('bdg');
  const subjectId = tagSubject(tag);
  await tx`
    INSERT INTO budgets (id, organisation_id, scope, subject_id, subject, unit, limit_amount, "window", time_zone, start_day,
      on_exceed, queue_ms, shadow, allow_unpriced, thresholds)
    VALUES (${id}, ${organisationId}, 'TAG', ${subjectId}, ${subjectOf('TAG', subjectId)}, 'MONEY',
      ${limitNanos.toString()}::text::bigint, 'TOTAL', 'UTC', 1, 'BLOCK', 0, false, false, '[]')`;
  await openWindows(tx, [id]);
  return id;
}

/** From now on nothing is held against it; what it has counted stays. */
export async function closeOwnBudget(tx: ISql, id: string): Promise<void> {
  await tx`UPDATE budgets SET deleted_at = now() WHERE id = ${id} AND deleted_at IS NULL`;
}
