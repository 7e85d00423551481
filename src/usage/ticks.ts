import type { Db } from '../db/database.ts';
import { isWithin, visibilityOf, type Visibility } from '../db/visibility.ts';
import type { Principal } from '../domain/principal.ts';
import type { Position } from '../events/outbox.ts';
import { iterateUntilAborted, sleep } from '../lib/abort.ts';
import { groupsOf, type UsageDimension } from './dimensions.ts';
import type { FeedPlace, UsageFeed } from './feed.ts';
import { asStored, matchesFact, withOrigins, type UsageFilter } from './filter.ts';
import type { Cell } from './news.ts';
import { isForgotten } from './progress.ts';
import { reportAnnounced } from './report.ts';
import { foreignCursor, forgottenCursor, isAfter } from './tick-cursor.ts';
import { addTotals, emptyTotals, sumGroups, type UsageGroup, type UsageTotals } from './totals.ts';

/** What was settled since the tick before. */
export interface UsageTick {
  position: Position;
  at: Date;
  delta: UsageTotals;
  groups: UsageGroup[];
}

export interface TickAsk {
  filter: UsageFilter;
  groupBy: readonly UsageDimension[];
  everyMs: number;
  /** Go on after this place instead of from now on. */
  after: Position | undefined;
}

type View = Pick<TickAsk, 'filter' | 'groupBy'> & { visible: Visibility };

type Sums = Pick<UsageTick, 'delta' | 'groups'>;

/**
 * Live usage: at most one tick each `everyMs`, none while nothing settles. A subscriber is only a place in the feed: one
 * that is slow gets more at once. All ticks together are exactly what a report over the same time says, also over a
 * break, when `after` is the last one's place.
 * @throws InvalidInput when what came after `after` is no longer known; the ticks of a reader who was as slow as that end
 * with it too.
 */
export async function tickUsage(
  { db, feed }: { db: Db; feed: UsageFeed },
  who: Principal,
  ask: TickAsk,
  signal: AbortSignal,
): Promise<AsyncIterableIterator<UsageTick>> {
  const view: View = {
    visible: visibilityOf(who),
    groupBy: ask.groupBy,
    filter: withOrigins(asStored(ask.filter), ask.groupBy),
  };
  const { organisationId } = who;
  if (ask.after && (await isForgotten(db, ask.after))) throw forgottenCursor();

  async function* ticks(): AsyncGenerator<UsageTick> {
    const start = await feed.join(organisationId);
    try {
      let place = startAt(start, ask.after);
      let tickedMs = -Infinity;
      for (;;) {
        if (place.next !== undefined) await feed.waitFor(organisationId, place.next, signal);
        await sleep(Math.max(0, tickedMs + ask.everyMs - performance.now()), signal);
        await feed.takeTurn(signal);
        const end = feed.place();
        const cells = place.next === undefined ? undefined : feed.read(organisationId, place.next);
        const sums = cells
          ? sumCells(cells, view)
          : await sumAnnounced(db, view, place.position, end.position);
        place = end;
        if (isNothing(sums)) continue;
        tickedMs = performance.now();
        yield { ...sums, position: end.position, at: new Date() };
      }
    } finally {
      feed.leave(organisationId);
    }
  }
  return iterateUntilAborted(ticks(), signal);
}

/** Without `next` it is a place that the database must be asked about. */
type Place = Partial<FeedPlace> & Pick<FeedPlace, 'position'>;

function startAt(now: FeedPlace, after: Position | undefined): Place {
  if (!after) return now;
  if (isAfter(after, now.position)) throw foreignCursor();
  return { position: after };
}

function sumCells(cells: Cell[], { visible, filter, groupBy }: View): Sums {
  const delta = emptyTotals();
  const parts: UsageGroup[] = [];
  for (const { of, totals } of cells) {
    if (!isWithin(visible, of) || !matchesFact(of, filter)) continue;
    addTotals(delta, totals);
    if (groupBy.length > 0) parts.push(...groupsOf(of, groupBy).map((key) => ({ key, totals })));
  }
  return { delta, groups: sumGroups(parts) };
}

/** For whoever is not in memory any more. */
function sumAnnounced(db: Db, view: View, after: Position, upTo: Position): Promise<Sums> {
  return db.transaction(
    async (tx) => {
      if (await isForgotten(tx, after)) throw forgottenCursor();
      const { total, groups } = await reportAnnounced(tx, view.visible, view, { after, upTo });
      return { delta: total, groups };
    },
    { isolationLevel: 'repeatable read', accessMode: 'read only' },
  );
}

function isNothing({ delta, groups }: Sums): boolean {
  return [delta, ...groups.map(({ totals }) => totals)].every(
    ({ requests, costNanos }) => requests === 0 && costNanos === 0n,
  );
}
