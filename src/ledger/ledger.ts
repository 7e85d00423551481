import type { Database } from '../db/database.ts';
import type { Attempt } from '../domain/completion.ts';
import { withoutWork } from '../domain/outcome.ts';
import type { Logger } from '../lib/logger.ts';
import {
  expireHoldsOfOthers,
  extendHolds,
  listExpiredHolds,
  type ExpiredHold,
  type Heartbeat,
} from './holds.ts';
import { createPatience } from './patience.ts';
import { createReserving, type Reserve } from './reserving.ts';
import type { Settlement } from './settle.ts';
import { createSettling } from './settling.ts';

const MAX_GROUP = 200;
const MAX_WAITING = 20_000;

/** Holds and settlements of this process; those of concurrent requests share statements. */
export interface Ledger {
  /**
   * Opens the completion and its hold, or the hold of a further attempt of it; when this resolves they are durable.
   * @returns whether anything is held in budgets.
   * @throws BudgetExceeded when it does not fit into what some budget has left: nothing is held then, in none of them.
   * @throws IdempotencyKeyUsed when the key stands for a completion already: nothing was opened.
   * @throws Unavailable when the completion of a further attempt was settled meanwhile, or the database does not take it in time. Nothing is held then, or, when only its answer was
   * lost, for no longer than a hold without a heartbeat stands.
   */
  reserve: Reserve;
  /**
   * Closes the completion, releases its hold and books its cost, exactly once. Tried until the database has taken it
   * or the process ends, in which case recovery does it.
   * @returns when it was finished, or undefined when it had been settled before.
   */
  settle(settlement: Settlement): Promise<Date | undefined>;
  /**
   * Books an attempt that is not the last one and gives back what it held; the completion goes on, and holds nothing until
   * its next attempt is reserved. Tried as `settle` is.
   * @returns undefined when it had been booked before, or the completion had been settled.
   */
  endAttempt(completionId: string, ended: Attempt): Promise<Date | undefined>;
  /** Extends holds; the ids that come back are no longer held by this process. */
  extendHolds(beats: Heartbeat[]): Promise<string[]>;
  /** Holds whose process is dead or frozen; none for a while after the database was away, which looks the same. */
  listExpiredHolds(limit: number): Promise<ExpiredHold[]>;
  /** Declares every other process dead; only for a database that one process at a time can open. */
  expireHoldsOfOthers(): Promise<void>;
  close(): Promise<void>;
}

/**
 * @param options.maxGroup how many holds, or settlements, share a statement at most.
 * @param options.onSettled is called after each commit of settlements.
 */
export function createLedger(
  { sql }: Database,
  options: {
    instanceId: string;
    holdMs: number;
    logger: Logger;
    onSettled: () => void;
    maxGroup?: number;
  },
): Ledger {
  const { instanceId, holdMs, logger, onSettled, maxGroup: maxItems = MAX_GROUP } = options;
  const group = { maxItems, maxWaiting: MAX_WAITING, logger };
  const { settle, close } = createSettling(sql, { ...group, onSettled });
  const reserve = createReserving(sql, {
    ...group,
    hold: { ms: holdMs, instanceId },
    giveBack: (completionId) => settle(unused(completionId)),
  });
  const patience = createPatience(holdMs);
  let beating: Promise<unknown> = Promise.resolve();
  return {
    reserve,
    settle,
    endAttempt: (completionId, ended) => settle({ completionId, ended }),
    extendHolds(beats) {
      const extended = patience.watch(() => extendHolds(sql, beats, holdMs));
      beating = extended.catch(() => {});
      return extended;
    },
    async listExpiredHolds(limit) {
      // On another connection this look could overtake it.
      await beating;
      const holds = await patience.watch(() => listExpiredHolds(sql, limit));
      return patience.isOver() ? holds : [];
    },
    expireHoldsOfOthers: () => expireHoldsOfOthers(sql, instanceId),
    close,
  };
}

function unused(completionId: string): Settlement {
  const message = 'cancelled before the vendor was called';
  return {
    completionId,
    outcome: withoutWork('CANCELLED', { reason: 'CANCELLED', code: 'CANCELLED', message }),
  };
}
