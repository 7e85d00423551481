import type { BudgetExceeded } from '../domain/errors.ts';
import type { OutboxKind } from '../events/outbox.ts';
import type { Relay } from '../events/relay.ts';
import { raceAbort } from '../lib/abort.ts';

const MAX_WAITING = 1_000;
/** A window that ends makes room without any news. */
const LOOK_AGAIN_MS = 250;
/** What can make room in a budget. */
const MAKES_ROOM: ReadonlySet<OutboxKind> = new Set([
  'COMPLETION_SETTLED',
  'BUDGET_CHANGED',
  'LEDGER_CORRECTED',
]);

/**
 * Waits until there may be room in the refusing budget again, but never long, and not longer than `withinMs`.
 * @throws the refusal itself when too many wait already.
 */
export type WaitForRoom = (refusal: BudgetExceeded, withinMs: number, signal: AbortSignal) => Promise<void>;

export function createRoomQueue(relay: Pick<Relay, 'listen'>): WaitForRoom {
  let waiting = 0;
  return async (refusal, withinMs, signal) => {
    if (waiting >= MAX_WAITING) throw refusal;
    waiting += 1;
    const news = Promise.withResolvers<void>();
    const stopListening = relay.listen(({ kind, organisationId }) => {
      if (organisationId === refusal.budget.organisationId && MAKES_ROOM.has(kind)) news.resolve();
    });
    try {
      await raceAbort(news.promise, signal, Math.min(withinMs, LOOK_AGAIN_MS)).catch(() =>
        signal.throwIfAborted(),
      );
    } finally {
      waiting -= 1;
      stopListening();
    }
  };
}
