import { sql } from 'drizzle-orm';
import type { Db } from '../db/database.ts';
import type { Position } from '../events/outbox.ts';
import type { Relay } from '../events/relay.ts';
import { oneAtATime } from '../lib/one-at-a-time.ts';
import { createLookLog, type LookLog } from './look-log.ts';
import { readNews } from './news.ts';
import { createPacemaker } from './pacemaker.ts';

const LOOK_EVERY_MS = 100;
const LOOK_AGAIN_MS = 1_000;
const MAX_FACTS = 5_000;
/** What all readers of this process are told in a second: the work that they watch comes first. */
const MAX_TICKS_PER_SECOND = 250;

/** A reader's place in the feed. */
export interface FeedPlace {
  position: Position;
  /** Number of the look that it reads next. */
  next: number;
}

/**
 * Live usage of this process: each newly settled fact is read once, for all organisations that somebody watches, and
 * nothing is read while nobody does. Readers take what they have not seen at their own pace.
 */
export interface UsageFeed extends Pick<LookLog, 'read' | 'waitFor'> {
  /** Begins to read an organisation. Everything after the place will come. */
  join(organisationId: string): Promise<FeedPlace>;
  leave(organisationId: string): void;
  /** How far it is. */
  place(): FeedPlace;
  /** Waits for a reader's turn. With many readers each has its turn less often, and then more to read. */
  takeTurn(signal: AbortSignal): Promise<void>;
  close(): void;
}

/** @param deps.onError hears that the outbox could not be read; it is tried again from the same place. */
export function createUsageFeed(deps: {
  db: Db;
  relay: Pick<Relay, 'listen'>;
  onError: (error: unknown) => void;
}): UsageFeed {
  const log = createLookLog();
  const watchers = new Map<string, number>();
  let position: Position | undefined;

  async function readOn(): Promise<void> {
    for (let hasMore = true; hasMore && watchers.size > 0;) {
      const from = position;
      const options = { organisations: [...watchers.keys()], limit: MAX_FACTS };
      const news = from && (await readNews(deps.db, from, options));
      const upTo = news?.upTo ?? (await findEnd(deps.db));
      // Everybody left meanwhile, and somebody else may have begun anew.
      if (position !== from) return;
      position = upTo;
      hasMore = news?.hasMore ?? false;
      if (news && news.cells.length > 0) log.add(news.cells);
    }
  }

  const look = oneAtATime(readOn);

  const lookSoon = createAlarm((again) => {
    look().catch((error: unknown) => {
      deps.onError(error);
      again(LOOK_AGAIN_MS);
    });
  });

  const stopListening = deps.relay.listen(({ kind, organisationId }) => {
    if (kind !== 'COMPLETION_SETTLED' && kind !== 'LEDGER_CORRECTED') return;
    if (watchers.has(organisationId)) lookSoon.set(LOOK_EVERY_MS);
  });

  function leave(organisationId: string): void {
    const left = (watchers.get(organisationId) ?? 0) - 1;
    if (left > 0) watchers.set(organisationId, left);
    else watchers.delete(organisationId);
    if (watchers.size > 0) return;
    log.clear();
    position = undefined;
  }

  function place(): FeedPlace {
    if (!position) throw new Error('nobody has joined the feed');
    return { position, next: log.next() };
  }

  return {
    ...log,
    async join(organisationId) {
      watchers.set(organisationId, (watchers.get(organisationId) ?? 0) + 1);
      await look().catch((error: unknown) => {
        leave(organisationId);
        throw error;
      });
      return place();
    },
    leave,
    place,
    takeTurn: createPacemaker(MAX_TICKS_PER_SECOND),
    close() {
      stopListening();
      lookSoon.stop();
    },
  };
}

async function findEnd(db: Db): Promise<Position> {
  const [end] = await db.execute<{ transaction: string }>(
    sql`select pg_snapshot_xmin(pg_current_snapshot())::text as transaction`,
  );
  return { transaction: end!.transaction, seq: -1n };
}

/** Rings once for all the times that it is set before it rings. */
function createAlarm(ring: (again: (ms: number) => void) => void) {
  let timer: NodeJS.Timeout | undefined;
  function set(ms: number): void {
    timer ??= setTimeout(() => {
      timer = undefined;
      ring(set);
    }, ms);
  }
  return { set, stop: () => clearTimeout(timer) };
}
