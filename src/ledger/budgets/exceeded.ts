import { formatAmount, type Budget, type OnExceed } from '../../domain/budget.ts';
import { BudgetExceeded } from '../../domain/errors.ts';
import type { Refusal } from '../reserve.ts';

/** What counts when several budgets refuse: one that blocks leaves no other way. */
const PRECEDENCE: readonly OnExceed[] = ['BLOCK', 'FALLBACK_TO_CHEAPER', 'QUEUE', 'WARN'];

/** The refusal that a caller is told, of all that there were. */
export function toBudgetExceeded(budgets: readonly Budget[], refusals: readonly Refusal[]): BudgetExceeded {
  const [budget] = budgets.toSorted(
    (a, b) => PRECEDENCE.indexOf(a.onExceed) - PRECEDENCE.indexOf(b.onExceed) || (a.id < b.id ? -1 : 1),
  );
  const refusal = refusals.find(({ budgetId }) => budgetId === budget?.id);
  if (!budget || !refusal) throw new Error('a refusal names no budget');
  const remaining = refusal.room > 0n ? refusal.room : 0n;
  const { need } = refusal;
  const countedIn = refusals.map(({ windowId }) => windowId);
  return new BudgetExceeded(describe(budget, need, remaining), {
    budget,
    estimated: need,
    remaining,
    countedIn,
  });
}

/** The name of what is paid for is in the budget; nothing of the ask is. */
function describe(budget: Budget, need: bigint | undefined, remaining: bigint): string {
  const { scope, subjectId, unit, limit, window } = budget;
  const per = window === 'TOTAL' ? 'in total' : `per ${window.toLowerCase()}`;
  const whose = `the budget of ${scope.toLowerCase().replace('_', ' ')} ${JSON.stringify(subjectId)}`;
  const what = `${whose} (${formatAmount(unit, limit)} ${per})`;
  if (need === undefined)
    return `${what} takes no model without a known price; set one, or allow unpriced models on it`;
  const left = `has ${formatAmount(unit, remaining)} left`;
  return `${what} ${left}, and this ask may come to ${formatAmount(unit, need)}`;
}
