import { ensure } from './ensure.ts';
import type { Ask } from './history.ts';
import type { CompletionRow, Observed } from './observe.ts';
import {
  budgetsFor,
  needOf,
  placeOf,
  type Account,
  type BudgetState,
  type Draw,
  type Window,
  type World,
} from './world.ts';

/** All budgets that it meets hold what it may come to, and no others. */
export function drawAll(
  world: World,
  ask: Ask,
  row: Pick<CompletionRow, 'id' | 'budget_holds'>,
  observed: Observed,
  counted?: ReadonlySet<BudgetState>,
): Draw[] {
  const budgets = budgetsFor(world, ask);
  const held = row.budget_holds ?? [];
  ensure(
    held.length === budgets.length,
    () => `${row.id} draws on ${held.length} windows and not on ${budgets.length}`,
  );
  return budgets.map((budget) => {
    const windows = observed.windows.get(budget.id) ?? [];
    const hold = held.find((each) => windows.some(({ id }) => id === String(each.window)));
    const amount = needOf(budget, ask, counted) ?? 0n;
    ensure(
      hold?.unit === budget.plan.unit && BigInt(hold.amount) === amount,
      () => `${row.id} holds ${hold?.amount} ${hold?.unit} in ${budget.id} and not ${amount}`,
    );
    const window = findWindow(world, budget, String(hold.window), observed);
    window.held += amount;
    return { budget, window, amount };
  });
}

/** At one place of the clock a budget has one window, and no window stands at two. */
function findWindow(world: World, budget: BudgetState, id: string, observed: Observed): Window {
  const place = placeOf(world, budget);
  const known = budget.windows.get(place);
  if (known) {
    ensure(
      known.id === id,
      () => `at ${place} ${budget.id} draws on the window ${id} and not on ${known.id}`,
    );
    return known;
  }
  for (const [other, window] of budget.windows)
    ensure(window.id !== id, () => `the window ${id} stands at ${other} and at ${place}`);
  const row = observed.windows.get(budget.id)?.find((each) => each.id === id);
  ensure(
    row !== undefined && budget.limits.includes(row.limit_amount),
    () => `the window ${id} has the limit ${row?.limit_amount}`,
  );
  const made: Window = {
    id,
    limit: row.limit_amount,
    settled: 0n,
    held: 0n,
    exceeded: { least: 0n, most: row.exceeded },
  };
  budget.windows.set(place, made);
  return made;
}

/** Ends what an account holds, and counts what it used. */
export function post(
  account: Account,
  { state, cost, tokens }: { state: Account['state']; cost: bigint | undefined; tokens: bigint },
  widen: (draw: Draw, by: bigint) => void,
): void {
  Object.assign(account, { state, cost });
  // Between two attempts nothing is held.
  if (!account.resting) settleDraws(account.draws, { state, cost, tokens }, widen);
}

/** Ends what an attempt holds. */
export function settleDraws(
  draws: readonly Draw[],
  { state, cost, tokens }: { state: Account['state']; cost: bigint | undefined; tokens: bigint },
  widen: (draw: Draw, by: bigint) => void,
): void {
  for (const draw of draws) {
    const { unit } = draw.budget.plan;
    const used =
      unit === 'MONEY' ? (cost ?? 0n) : unit === 'TOKENS' ? tokens : state === 'VOIDED' ? 0n : draw.amount;
    draw.window.held -= draw.amount;
    draw.window.settled += used;
    widen(draw, used - draw.amount);
  }
}
