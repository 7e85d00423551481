import type { Db } from '../db/database.ts';
import type { Principal } from '../domain/principal.ts';
import type { Relay } from '../events/relay.ts';
import { iterateUntilAborted, raceAbort } from '../lib/abort.ts';
import { findAlerts, type Alert } from './alerts.ts';

/** What may wait for a reader that is slow; older ones are left out then, and stay in the list of alerts. */
const MAX_WAITING = 1_000;

/** Alerts that `who` may see, as any instance raises them. */
export function watchAlerts(
  deps: { db: Db; relay: Pick<Relay, 'listen'> },
  who: Principal,
  signal: AbortSignal,
): AsyncIterableIterator<Alert> {
  async function* watch(): AsyncGenerator<Alert> {
    let waiting: string[] = [];
    let news = Promise.withResolvers<void>();
    const stopListening = deps.relay.listen((event) => {
      if (event.kind !== 'ALERT_RAISED' || event.organisationId !== who.organisationId) return;
      waiting.push(event.subjectId);
      if (waiting.length > MAX_WAITING) waiting.shift();
      news.resolve();
    });
    try {
      for (;;) {
        await raceAbort(news.promise, signal);
        news = Promise.withResolvers();
        const raised = waiting;
        waiting = [];
        yield* await findAlerts(deps.db, who, raised);
      }
    } finally {
      stopListening();
    }
  }
  return iterateUntilAborted(watch(), signal);
}
