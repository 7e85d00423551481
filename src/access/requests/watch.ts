import type { Db } from '../../db/database.ts';
import type { Principal } from '../../domain/principal.ts';
import type { Relay } from '../../events/relay.ts';
import { iterateUntilAborted, raceAbort } from '../../lib/abort.ts';
import { findAccessRequests, type AccessRequest } from './read.ts';

/** What may wait for a reader that is slow; older ones are left out then, and stay in the list. */
const MAX_WAITING = 1_000;

/** Requests that `who` may see, as they are made, decided or end on any instance; changes in quick succession are one. */
export function watchAccessRequests(
  deps: { db: Db; relay: Pick<Relay, 'listen'> },
  who: Principal,
  signal: AbortSignal,
): AsyncIterableIterator<AccessRequest> {
  async function* watch(): AsyncGenerator<AccessRequest> {
    let waiting = new Set<string>();
    let news = Promise.withResolvers<void>();
    const stopListening = deps.relay.listen((event) => {
      if (event.kind !== 'ACCESS_REQUEST_CHANGED' || event.organisationId !== who.organisationId) return;
      waiting.add(event.subjectId);
      const [oldest] = waiting;
      if (waiting.size > MAX_WAITING && oldest !== undefined) waiting.delete(oldest);
      news.resolve();
    });
    try {
      for (;;) {
        await raceAbort(news.promise, signal);
        news = Promise.withResolvers();
        const changed = waiting;
        waiting = new Set();
        yield* await findAccessRequests(deps.db, who, [...changed]);
      }
    } finally {
      stopListening();
    }
  }
  return iterateUntilAborted(watch(), signal);
}
