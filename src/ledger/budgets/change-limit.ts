import type { TransactionSql } from 'postgres';
import { Conflict } from '../../domain/errors.ts';
import type { Origin } from '../../domain/origin.ts';
import { appendAudit } from '../../events/audit.ts';
import { appendEvent } from '../../events/outbox.ts';
import { findAmountFault } from './check.ts';
import { readBudgetsInForce } from './read.ts';
import { toRecord } from './set.ts';

/** A limit that is raised, or lowered by an amount below 0, whatever it is. */
export interface LimitChange {
  organisationId: string;
  budgetId: string;
  /** In the budget's unit. */
  amount: bigint;
  actorId: string;
  by: Origin;
}

/** Keeps others from changing the budget until the commit. */
export async function lockBudget(tx: TransactionSql, id: string): Promise<void> {
  await tx`SELECT id FROM budgets WHERE id = ${id} FOR UPDATE`;
}

/**
 * Changes a limit by an amount, from its current window on. What is settled and held already may then be more than a
 * lowered one: nothing further is let through until it is less.
 * @throws Conflict for a raise of what holds no longer, or beyond the highest limit. Lowering what is gone is none.
 */
export async function changeLimit(tx: TransactionSql, change: LimitChange): Promise<void> {
  const { organisationId, budgetId: id, amount, actorId, by } = change;
  await lockBudget(tx, id);
  const [before] = await readBudgetsInForce(tx, [id]);
  if (!before) {
    if (amount > 0n) throw new Conflict(`the budget ${id} holds no longer`);
    return;
  }
  const fault = findAmountFault(before.unit, before.limit + amount);
  if (fault) throw new Conflict(`the limit that comes of it ${fault}`);
  const limit = (before.limit + amount).toString();
  await tx`UPDATE budgets SET limit_amount = ${limit}::text::bigint WHERE id = ${id}`;
  await tx`
    UPDATE budget_windows SET limit_amount = ${limit}::text::bigint, version = version + 1
    WHERE budget_id = ${id} AND (ends_at IS NULL OR ends_at > now())`;
  const [after] = await readBudgetsInForce(tx, [id]);
  await appendEvent(tx, { organisationId, kind: 'BUDGET_CHANGED', subjectId: id });
  await appendAudit(tx, {
    organisationId,
    actorId,
    action: amount > 0n ? 'budget.raise' : 'budget.lower',
    targetId: id,
    before: toRecord(before),
    after: toRecord(after!),
    ...by,
  });
}
