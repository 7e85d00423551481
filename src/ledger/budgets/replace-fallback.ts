import type { ISql } from 'postgres';
import type { Budget } from '../../domain/budget.ts';
import type { Principal } from '../../domain/principal.ts';
import type { AuditRecord } from '../../events/audit.ts';
import { appendEvent } from '../../events/outbox.ts';
import { readBudgets } from './read.ts';
import { toRecord } from './set.ts';

/** Lets budgets that go to a model when they are used up go to another one, in a transaction that does more. */
export async function replaceFallback(
  tx: ISql,
  { organisationId, keyId: actorId }: Principal,
  { from, to }: { from: string; to: string },
  requestId: string,
): Promise<{ budgets: Budget[]; audits: AuditRecord[] }> {
  const rows = await tx<{ id: string }[]>`
    UPDATE budgets SET fallback_model = ${to}
    WHERE organisation_id = ${organisationId} AND fallback_model = ${from} AND deleted_at IS NULL RETURNING id`;
  const budgets = await readBudgets(
    tx,
    rows.map(({ id }) => id),
  );
  const told = { organisationId, actorId, action: 'budget.set', requestId };
  const audits = budgets.map((budget) => ({
    ...told,
    targetId: budget.id,
    before: toRecord({ ...budget, fallbackModel: from }),
    after: toRecord(budget),
  }));
  for (const { id } of rows) await appendEvent(tx, { kind: 'BUDGET_CHANGED', organisationId, subjectId: id });
  return { budgets, audits };
}
