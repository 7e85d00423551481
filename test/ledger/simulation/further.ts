import { drawAll, post } from './draws.ts';
import { ensure } from './ensure.ts';
import type { Asked, Ended } from './happened.ts';
import type { CompletionRow, Observed } from './observe.ts';
import { HOLD_S, type Account, type Draw, type World } from './world.ts';

/** @returns whether the completion goes on with another attempt. */
export function resume(
  world: World,
  { id, ask, answer, again }: Asked & { again: Account },
  observed: Observed,
): boolean {
  const row = observed.completions.get(id)!;
  const isResumed = row.attempt > again.attempt;
  const mayBe = again.state === 'PENDING' && again.resting;
  const isExplained =
    answer === 'OPENED' || (isResumed && answer === 'UNKNOWN' && ask.fate !== 'NEVER_SENT')
      ? mayBe && isResumed && row.attempt === again.begun
      : !isResumed;
  const isOver = !mayBe || row.hold_state === 'EXPIRED';
  ensure(
    isExplained && (answer !== 'OVER' || isOver),
    () => `attempt ${again.begun} of ${id} was answered ${String(answer)}, and the row is at ${row.attempt}`,
  );
  if (!isResumed) return false;
  Object.assign(again, {
    ask,
    attempt: row.attempt,
    begun: again.begun + 1,
    resting: false,
    owner: answer === 'OPENED' && ask.crash !== 'NEVER' ? undefined : again.owner,
    expiresAtS: world.nowS + HOLD_S,
    seen: 0,
    draws: drawAll(world, ask, row, observed, again.counted),
  });
  return true;
}

/** Only the row tells whether its end came before its recovery. */
export function endAttempt(
  { account, outcome, taken }: Pick<Ended, 'account' | 'outcome' | 'taken'>,
  row: CompletionRow,
  widen: (draw: Draw, by: bigint) => void,
): void {
  const mayBe = account.state === 'PENDING' && !account.resting;
  // Where its recovery came first what was beside it has ended, and not taken its place.
  const { beside } = account;
  const isTaken = mayBe && (beside ? row.attempt === beside.attempt : row.earlier > endedOf(account));
  ensure(
    (isTaken || !mayBe || row.hold_state === 'EXPIRED') && (taken === undefined || taken === Number(isTaken)),
    () => `the end of attempt ${account.attempt} of ${account.id} was taken ${taken} times`,
  );
  if (!isTaken) return;
  const { usage, costNanos } = outcome;
  // Beside another one it counts in any case, so that the other one need not.
  const state = usage.source === 'NONE' && !beside ? 'VOIDED' : 'POSTED';
  post(account, { state, cost: costNanos, tokens: BigInt(usage.input + usage.output) }, widen);
  const counting = account.draws.filter(
    ({ budget }) => state === 'POSTED' && budget.plan.unit === 'REQUESTS',
  );
  for (const { budget } of counting) account.counted.add(budget);
  const earlier = account.earlier + (costNanos ?? 0n);
  Object.assign(account, { state: 'PENDING', cost: undefined, earlier, resting: !beside, seen: 0 });
  if (beside) Object.assign(account, { ...beside, beside: undefined });
}

/** How many attempts have ended. */
function endedOf({ begun, resting, beside }: Account): number {
  return begun - (resting ? 0 : beside ? 2 : 1);
}
