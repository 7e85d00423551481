import type { Db } from '../db/database.ts';
import type { Principal } from '../domain/principal.ts';
import type { Position } from '../events/outbox.ts';
import type { Relay } from '../events/relay.ts';
import { iterateUntilAborted, raceAbort, sleep } from '../lib/abort.ts';
import {
  reportUsage,
  type UsageDimension,
  type UsageFilter,
  type UsageGroup,
  type UsageTotals,
} from './usage.ts';

/** What was settled since the tick before. */
export interface UsageTick {
  position: Position;
  at: Date;
  delta: UsageTotals;
  groups: UsageGroup[];
}

/**
 * Live usage: at most one tick each `everyMs`, none while nothing settles. Each tick sums the settlements between
 * two places of the outbox, so all ticks together are exactly what a report over the same time says.
 */
export function tickUsage(
  deps: { db: Db; relay: Pick<Relay, 'listen' | 'position'> },
  who: Principal,
  options: { filter: UsageFilter; groupBy: UsageDimension[]; everyMs: number },
  signal: AbortSignal,
): AsyncIterableIterator<UsageTick> {
  async function* ticks(): AsyncGenerator<UsageTick> {
    let news = Promise.withResolvers<void>();
    const stopListening = deps.relay.listen((event) => {
      if (event.kind === 'COMPLETION_SETTLED' && event.organisationId === who.organisationId) news.resolve();
    });
    let after = deps.relay.position();
    try {
      for (;;) {
        await raceAbort(news.promise, signal);
        await sleep(options.everyMs, signal);
        news = Promise.withResolvers();
        const upTo = deps.relay.position();
        const { filter, groupBy } = options;
        const { total, groups } = await reportUsage(deps.db, who, {
          span: { after, upTo },
          filter,
          groupBy,
          granularity: undefined,
        });
        after = upTo;
        if (total.requests > 0) yield { position: upTo, at: new Date(), delta: total, groups };
      }
    } finally {
      stopListening();
    }
  }
  return iterateUntilAborted(ticks(), signal);
}
