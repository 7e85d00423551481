import { readFleet } from '../events/fleet.ts';
import { systemClock } from '../lib/clock.ts';
import { newId } from '../lib/ids.ts';
import { openRouteBook } from '../routing/book.ts';
import type { RouteStore } from '../routing/change.ts';
import { createMeasures, type Measures } from '../routing/measures.ts';
import { openLearnedResets, type LearnedResets } from '../routing/reset-learned.ts';
import { shareHealth } from '../routing/share-health.ts';
import type { Models } from './open-models.ts';
import type { Opening } from './opening.ts';
import type { Store } from './open-store.ts';

/** What stands behind names that are no model's. */
export interface Routes {
  routes: RouteStore;
  /** What was seen of models, for planning. */
  measures: Measures;
  learnedResets: LearnedResets;
}

export async function openRoutes(
  { logger, opened }: Opening,
  { database: { db, sql }, relay, announceCommit, channels }: Store,
  { catalog }: Models,
): Promise<Routes> {
  const book = await openRouteBook(sql, {
    relay,
    onError: (err) => logger.error({ err }, 'routes cannot be read; those that were known hold on'),
  });
  opened.defer(() => book.close());
  const { findModel } = catalog;
  const measures = createMeasures(systemClock);
  if (channels) {
    const channel = `sluice:health:${await readFleet(db)}`;
    opened.defer(shareHealth(measures.health, { channels, channel, instanceId: newId('inst') }));
  }
  const learnedResets = openLearnedResets({ sql, book, measures, relay, onChange: announceCommit });
  opened.defer(() => learnedResets.close());
  return { measures, learnedResets, routes: { sql, book, findModel, onChange: announceCommit } };
}
