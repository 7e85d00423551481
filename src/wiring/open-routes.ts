import { systemClock } from '../lib/clock.ts';
import { openRouteBook } from '../routing/book.ts';
import type { RouteStore } from '../routing/change.ts';
import { createMeasures, type Measures } from '../routing/measures.ts';
import { openLearnedResets, type LearnedResets } from '../routing/reset-learned.ts';
import { createTrialWatch, type TrialWatch } from '../trials/watch.ts';
import type { Models } from './open-models.ts';
import type { Opening } from './opening.ts';
import type { Store } from './open-store.ts';

/** What stands behind names that are no model's. */
export interface Routes {
  routes: RouteStore;
  /** What was seen of models, for planning. */
  measures: Measures;
  learnedResets: LearnedResets;
  trials: TrialWatch;
}

export async function openRoutes(
  { logger, opened }: Opening,
  { database: { sql }, relay, announceCommit }: Store,
  { catalog }: Models,
): Promise<Routes> {
  const book = await openRouteBook(sql, {
    relay,
    onError: (err) => logger.error({ err }, 'routes cannot be read; those that were known hold on'),
  });
  opened.defer(() => book.close());
  const { findModel } = catalog;
  const measures = createMeasures(systemClock);
  const learnedResets = openLearnedResets({ sql, book, measures, relay, onChange: announceCommit });
  opened.defer(() => learnedResets.close());
  const trials = createTrialWatch({
    sql,
    list: () => book.trials(),
    onDecided(organisationId) {
      announceCommit();
      return book.reload(organisationId);
    },
    onError: (err) => logger.error({ err }, 'a trial cannot be judged now; it will be tried again'),
  });
  opened.defer(() => trials.close());
  return { measures, learnedResets, trials, routes: { sql, book, findModel, onChange: announceCommit } };
}
