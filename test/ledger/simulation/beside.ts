import { drawAll, settleDraws } from './draws.ts';
import { ensure } from './ensure.ts';
import type { Asked, Ended } from './happened.ts';
import type { CompletionRow, Observed } from './observe.ts';
import type { Account, BudgetState, Draw, World } from './world.ts';

type Widen = (draw: Draw, by: bigint) => void;

/** What counts a completion already when another attempt of it is asked for: beside one, also what that one holds. */
export function countedIn({ again, hedges }: Pick<Asked, 'again' | 'hedges'>): Set<BudgetState> | undefined {
  if (!again) return undefined;
  const held = hedges ? requestsOf(again.draws) : [];
  return new Set([...again.counted, ...held]);
}

export function requestsOf(draws: readonly Draw[]): BudgetState[] {
  return draws.flatMap(({ budget }) => (budget.plan.unit === 'REQUESTS' ? budget : []));
}

/** @returns what it holds, if it began. No other process looks for dead holds of the completion meanwhile. */
export function beginBeside(
  world: World,
  { id, ask, answer, again }: Asked & { again: Account },
  observed: Observed,
): Draw[] | undefined {
  const row = observed.completions.get(id)!;
  const mayBe = again.state === 'PENDING' && !again.resting && !again.beside;
  const hasBegun = row.beside !== null && !again.beside;
  const isExplained =
    answer === 'OPENED' || (hasBegun && answer === 'UNKNOWN' && ask.fate !== 'NEVER_SENT')
      ? mayBe && hasBegun && row.beside?.attempt === again.begun
      : !hasBegun;
  ensure(
    isExplained && (answer !== 'OVER' || !mayBe),
    () => `attempt ${again.begun} beside ${id} was answered ${String(answer)}`,
  );
  if (!hasBegun) return undefined;
  const counted = countedIn({ again, hedges: true });
  const draws = drawAll(world, ask, { id, budget_holds: row.beside!.budgetHolds }, observed, counted);
  Object.assign(again, {
    beside: { attempt: again.begun, ask, draws, seen: 0 },
    begun: again.begun + 1,
    owner: answer === 'OPENED' && ask.crash !== 'NEVER' ? undefined : again.owner,
  });
  return draws;
}

/** The one beside has ended by itself; the other one goes on. */
export function endBeside(
  { account, outcome, taken }: Pick<Ended, 'account' | 'outcome' | 'taken'>,
  row: CompletionRow,
  widen: Widen,
): void {
  const isTaken = account.state === 'PENDING' && row.beside === null && row.hold_state === 'PENDING';
  ensure(
    (isTaken || row.hold_state === 'EXPIRED') && (taken === undefined || taken === Number(isTaken)),
    () => `the end of what was beside ${account.id} was taken ${taken} times`,
  );
  if (!isTaken) return;
  const { usage, costNanos: cost } = outcome;
  const state = usage.source === 'NONE' ? 'VOIDED' : 'POSTED';
  const { draws } = account.beside!;
  settleDraws(draws, { state, cost, tokens: BigInt(usage.input + usage.output) }, widen);
  if (state === 'POSTED') for (const budget of requestsOf(draws)) account.counted.add(budget);
  Object.assign(account, { beside: undefined, earlier: account.earlier + (cost ?? 0n) });
}

/** Its completion is over: it did nothing, or what a heartbeat had seen of it when its process died. */
export function finishBeside(account: Account, state: Account['state'], widen: Widen): void {
  const { beside } = account;
  if (!beside) return;
  const seen = state === 'EXPIRED' ? beside.seen : 0;
  const tokens = seen === 0 ? 0n : BigInt(10 + seen);
  const cost = seen > 0 && beside.ask.nanos === undefined ? undefined : tokens;
  settleDraws(beside.draws, { state: seen === 0 ? 'VOIDED' : 'POSTED', cost, tokens }, widen);
  Object.assign(account, { beside: undefined, earlier: account.earlier + (cost ?? 0n) });
}
