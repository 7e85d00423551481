import type { ISql } from 'postgres';
import type { Budget } from '../../domain/budget.ts';
import { subjectOf } from '../../domain/budget.ts';
import { appendAudit, SYSTEM } from '../../events/audit.ts';
import { appendEvent } from '../../events/outbox.ts';
import { readBudgets } from './read.ts';
import { toRecord } from './set.ts';
import { openWindows } from './windows.ts';

/** A brake that holds for a subject now: a budget of money for an hour that ends by itself. */
export async function findBrake(
  sql: ISql,
  organisationId: string,
  subject: string,
): Promise<string | undefined> {
  const [row] = await sql<{ id: string }[]>`
    SELECT id FROM budgets
    WHERE organisation_id = ${organisationId} AND subject = ${subject} AND unit = 'MONEY' AND "window" = 'HOUR'
      AND deleted_at IS NULL AND ends_at > now()
    ORDER BY id LIMIT 1`;
  return row?.id;
}

/**
 * Puts a budget of money for an hour on a subject, beside those that it has, and lets it end by itself. It counts what is
 * requested from then on. Models without a known price may run under it: what made it necessary was not theirs.
 * @param tx a transaction, so that the audit, the event and the brake are there together with what it is set for.
 * @param alertId the number of the alert that it is set for.
 */
export async function setBrake(
  tx: ISql,
  brake: Pick<Budget, 'id' | 'organisationId' | 'scope' | 'subjectId' | 'limit' | 'onExceed'> & {
    teamId: string;
    minutes: number;
  },
  alertId: string,
): Promise<void> {
  const { id, organisationId, teamId, scope, subjectId, limit, onExceed, minutes } = brake;
  await tx`
    INSERT INTO budgets (id, organisation_id, team_id, scope, subject_id, subject, name, unit, limit_amount, "window",
      time_zone, start_day, on_exceed, queue_ms, shadow, allow_unpriced, thresholds, ends_at)
    VALUES (${id}, ${organisationId}, ${teamId}, ${scope}, ${subjectId}, ${subjectOf(scope, subjectId)}, 'brake', 'MONEY',
      ${limit.toString()}::text::bigint, 'HOUR', 'UTC', 1, ${onExceed}, 0, false, true, '[]',
      now() + make_interval(mins => ${minutes}::int))`;
  await openWindows(tx, [id]);
  const [after] = await readBudgets(tx, [id]);
  await appendAudit(tx, {
    organisationId,
    actorId: SYSTEM,
    action: 'budget.brake',
    targetId: id,
    after: toRecord(after!),
    requestId: `anomaly ${alertId}`,
  });
  await appendEvent(tx, { organisationId, kind: 'BUDGET_CHANGED', subjectId: id });
}
