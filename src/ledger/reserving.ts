import type { Sql } from 'postgres';
import { IdempotencyKeyUsed, Unavailable, type BudgetExceeded } from '../domain/errors.ts';
import { raceAbort } from '../lib/abort.ts';
import { groupCommit } from '../lib/group-commit.ts';
import type { Logger } from '../lib/logger.ts';
import { toBudgetExceeded } from './budgets/exceeded.ts';
import { readBudgets } from './budgets/read.ts';
import { reserveAll, type Decision, type Refusal, type Reservation } from './reserve.ts';

/** How long a caller waits for its hold; a database that is slower than this cannot be sold through. */
const RESERVE_WITHIN_MS = 5_000;

/** Opens a completion with its hold; rejects as `Ledger.reserve` says. */
export type Reserve = (reservation: Reservation, signal: AbortSignal) => Promise<{ budgeted: boolean }>;

/**
 * Holds of one process, which share statements.
 * @param options.giveBack releases a hold that was opened when nobody waited for it any more.
 */
export function createReserving(
  sql: Sql,
  options: {
    hold: { ms: number; instanceId: string };
    maxItems: number;
    maxWaiting: number;
    logger: Logger;
    giveBack: (completionId: string) => Promise<unknown>;
  },
): Reserve {
  const knownPrices = new Set<string>();
  const reserving = groupCommit(
    (items: Reservation[]) => reserveAll(sql, items, options.hold, knownPrices),
    options,
  );

  const explaining = groupCommit((items: Refusal[][]) => explainAll(sql, items), options);

  /** Asks until it is decided. Each time at least the first of those who ask together learns where it stands. */
  async function decide(reservation: Reservation, caller: { waiting: boolean }): Promise<Decision> {
    for (;;) {
      const verdict = await reserving.add(reservation);
      if (verdict.kind !== 'AGAIN') return verdict;
      if (!caller.waiting) throw new Unavailable('nobody waits for this hold any more');
    }
  }

  /** A further attempt is given back by whoever settles its completion. */
  async function giveBack({ completion, attempt = 0 }: Reservation): Promise<void> {
    if (attempt === 0) await options.giveBack(completion.id);
  }

  /** @throws Unavailable when it takes too long; what is opened after that is given back. */
  async function decideInTime(reservation: Reservation, signal: AbortSignal): Promise<Decision> {
    const caller = { waiting: true };
    const deciding = decide(reservation, caller);
    try {
      return await raceAbort(deciding, signal, RESERVE_WITHIN_MS);
    } catch (error) {
      caller.waiting = false;
      void deciding
        .then((late) => (late.kind === 'OPENED' ? giveBack(reservation) : undefined))
        .catch(() => {});
      signal.throwIfAborted();
      options.logger.error({ err: error }, 'a completion cannot be reserved');
      throw new Unavailable('the ledger cannot be written right now, so nothing was started', error);
    }
  }

  return async (reservation, signal) => {
    const decision = await decideInTime(reservation, signal);
    if (decision.kind === 'KEY_USED') throw new IdempotencyKeyUsed();
    if (decision.kind === 'OVER') throw new Unavailable('another process has settled this completion');
    if (decision.kind === 'REFUSED') throw await explaining.add(decision.refusals);
    return decision;
  };
}

/** Where many are refused at once it is mostly by the same budgets, which are read once for all. */
async function explainAll(sql: Sql, items: Refusal[][]): Promise<BudgetExceeded[]> {
  const ids = new Set(items.flat().map(({ budgetId }) => budgetId));
  const budgets = new Map((await readBudgets(sql, [...ids])).map((budget) => [budget.id, budget]));
  return items.map((refusals) => {
    const refusing = refusals.flatMap(({ budgetId }) => budgets.get(budgetId) ?? []);
    return toBudgetExceeded(refusing, refusals);
  });
}
