import type { Database } from '../db/database.ts';
import { BudgetExceeded, IdempotencyKeyUsed, Unavailable } from '../domain/errors.ts';
import { withoutWork } from '../domain/outcome.ts';
import { raceAbort, sleep } from '../lib/abort.ts';
import { groupCommit } from '../lib/group-commit.ts';
import type { Logger } from '../lib/logger.ts';
import {
  expireHoldsOfOthers,
  extendHolds,
  listExpiredHolds,
  type ExpiredHold,
  type Heartbeat,
} from './holds.ts';
import { toBudgetExceeded } from './budgets/exceeded.ts';
import { readBudgets } from './budgets/read.ts';
import { reserveAll, type Decision, type Refusal, type Reservation } from './reserve.ts';
import { settleAll, type Settlement } from './settle.ts';

const MAX_GROUP = 200;
const MAX_WAITING = 20_000;
/** How long a caller waits for its hold; a database that is slower than this cannot be sold through. */
const RESERVE_WITHIN_MS = 5_000;
const RETRY_FROM_MS = 50;
const RETRY_TO_MS = 5_000;

/** Holds and settlements of this process; those of concurrent requests share statements. */
export interface Ledger {
  /**
   * Opens the completion and its hold; when this resolves they are durable.
   * @returns whether anything is held in budgets.
   * @throws BudgetExceeded when it does not fit into what some budget has left: nothing is held then, in none of them.
   * @throws IdempotencyKeyUsed when the key stands for a completion already: nothing was opened.
   * @throws Unavailable when the database does not take it in time; nothing is held then.
   */
  reserve(reservation: Reservation, signal: AbortSignal): Promise<{ budgeted: boolean }>;
  /**
   * Closes the completion, releases its hold and books its cost, exactly once. Tried until the database has taken it
   * or the process ends, in which case recovery does it.
   * @returns when it was finished, or undefined when it had been settled before.
   */
  settle(settlement: Settlement): Promise<Date | undefined>;
  /** Extends holds; the ids that come back are no longer held by this process. */
  extendHolds(beats: Heartbeat[]): Promise<string[]>;
  /** Holds whose process is dead or frozen. */
  listExpiredHolds(limit: number): Promise<ExpiredHold[]>;
  /** Declares every other process dead; only for a database that one process at a time can open. */
  expireHoldsOfOthers(): Promise<void>;
  close(): Promise<void>;
}

/** @param options.onSettled is called after each commit of settlements. */
export function createLedger(
  database: Database,
  options: { instanceId: string; holdMs: number; logger: Logger; onSettled: () => void },
): Ledger {
  const { sql } = database;
  const closing = new AbortController();
  const hold = { ms: options.holdMs, instanceId: options.instanceId };
  const group = { maxItems: MAX_GROUP, maxWaiting: MAX_WAITING };
  const knownPrices = new Set<string>();
  const reserving = groupCommit(
    (items: Reservation[]) => reserveAll(sql, items, hold, knownPrices),
    group,
  );
  const settleGroup = async (items: Settlement[]) => {
    const finished = await settleAll(sql, items);
    options.onSettled();
    return finished;
  };
  const settling = groupCommit(settleGroup, group);
  // A settlement that cannot be written must not hold up, again and again, those it shares a statement with.
  const settlingAlone = groupCommit(settleGroup, { ...group, maxItems: 1 });

  async function settle(settlement: Settlement): Promise<Date | undefined> {
    const { completionId } = settlement;
    let next = settlement;
    for (let tries = 0; ; tries += 1) {
      try {
        return await (tries === 0 ? settling : settlingAlone).add(next);
      } catch (error) {
        options.logger.error({ err: error, completionId }, 'settlement failed, trying again');
        if (tries > 0 && isUnwritable(error)) next = withoutContent(settlement);
        await sleep(Math.min(RETRY_FROM_MS * 2 ** tries, RETRY_TO_MS), closing.signal);
      }
    }
  }

  /** Asks until it is decided. Each time at least the first of those who ask together learns where it stands. */
  async function decide(reservation: Reservation, caller: { waiting: boolean }): Promise<Decision> {
    for (;;) {
      const verdict = await reserving.add(reservation);
      if (verdict.kind !== 'AGAIN') return verdict;
      if (!caller.waiting) throw new Unavailable('nobody waits for this hold any more');
    }
  }

  async function reserve(reservation: Reservation, signal: AbortSignal): Promise<{ budgeted: boolean }> {
    const caller = { waiting: true };
    const deciding = decide(reservation, caller);
    let decision: Decision;
    try {
      decision = await raceAbort(deciding, signal, RESERVE_WITHIN_MS);
    } catch (error) {
      caller.waiting = false;
      // It may still be opened after we stopped waiting; a hold that nobody works under is given back.
      void deciding
        .then((late) => (late.kind === 'OPENED' ? settle(unused(reservation.completion.id)) : undefined))
        .catch(() => {});
      signal.throwIfAborted();
      options.logger.error({ err: error }, 'a completion cannot be reserved');
      throw new Unavailable('the ledger cannot be written right now, so nothing was started', error);
    }
    if (decision.kind === 'OPENED') return decision;
    if (decision.kind === 'KEY_USED') throw new IdempotencyKeyUsed();
    throw await explain(decision.refusals);
  }

  async function explain(refusals: Refusal[]): Promise<BudgetExceeded> {
    const ids = refusals.map(({ budgetId }) => budgetId);
    return toBudgetExceeded(await readBudgets(sql, ids), refusals);
  }

  return {
    reserve,
    settle,
    extendHolds: (beats) => extendHolds(sql, beats, options.holdMs),
    listExpiredHolds: (limit) => listExpiredHolds(sql, limit),
    expireHoldsOfOthers: () => expireHoldsOfOthers(sql, options.instanceId),
    async close() {
      closing.abort(new Unavailable('the gateway is shutting down'));
      await settling.drain();
      await settlingAlone.drain();
    },
  };
}

/**
 * Whether it is the value that cannot be written, so that trying again will not help: SQLSTATE classes 22 and 54.
 * https://www.postgresql.org/docs/current/errcodes-appendix.html
 */
function isUnwritable(error: unknown): boolean {
  if (error instanceof RangeError) return true;
  return error instanceof Error && 'code' in error && /^(22|54)/.test(String(error.code));
}

/** The money must be right also where the answer cannot be kept. */
function withoutContent({ outcome, ...rest }: Settlement): Settlement {
  const warnings = ['the answer could not be stored'];
  return { ...rest, outcome: { ...outcome, parts: [], toolCalls: [], object: undefined, warnings } };
}

function unused(completionId: string): Settlement {
  const message = 'cancelled before the vendor was called';
  return {
    completionId,
    outcome: withoutWork('CANCELLED', { reason: 'CANCELLED', code: 'CANCELLED', message }),
  };
}
