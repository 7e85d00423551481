import { ensureEvaluated } from '../evaluations/ensure-evaluated.ts';
import { readFleet } from '../events/fleet.ts';
import { listBudgetsLeadingTo } from '../ledger/budgets/leading-to.ts';
import { systemClock } from '../lib/clock.ts';
import { newId } from '../lib/ids.ts';
import { createArms } from '../routing/arms.ts';
import { openLearnedStore, type LearnedStore } from '../routing/arm-rows.ts';
import { promoteWinner } from '../prompts/experiments.ts';
import { openRouteBook } from '../routing/book.ts';
import type { RouteStore } from '../routing/change.ts';
import { openFlags, type Flags } from '../routing/flags.ts';
import { createMeasures, type Measures } from '../routing/measures.ts';
import { shareHealth } from '../routing/share-health.ts';
import { createTrialWatch, type TrialWatch } from '../trials/watch.ts';
import type { Models } from './open-models.ts';
import type { Opening } from './opening.ts';
import type { Store } from './open-store.ts';

/** What stands behind names that are no model's. */
export interface Routes {
  routes: RouteStore;
  /** What was seen of models, for planning. */
  measures: Measures;
  /** What LEARNED routes know, in the database. */
  learned: LearnedStore;
  /** What conditions ask for by `flags`. */
  flags: Flags;
  trials: TrialWatch;
}

export async function openRoutes(
  { config, logger, opened }: Opening,
  { database: { db, sql }, relay, announceCommit, channels }: Store,
  { catalog, modelSetting }: Models,
): Promise<Routes> {
  const book = await openRouteBook(sql, {
    relay,
    onError: (err) => logger.error({ err }, 'routes cannot be read; those that were known hold on'),
  });
  opened.defer(() => book.close());
  const { findModel } = catalog;
  const arms = createArms((organisationId, name) => {
    const route = book.find(organisationId, name);
    return route && { routeId: route.id, learning: route.learning };
  });
  const measures = createMeasures(systemClock, arms);
  if (channels) {
    const channel = `sluice:health:${await readFleet(db)}`;
    opened.defer(shareHealth(measures.health, { channels, channel, instanceId: newId('inst') }));
  }
  const learned = openLearnedStore(sql, arms);
  await learned.exchange();
  const flags = await openFlags(config.flags, config.network.allowPrivate);
  opened.defer(() => flags.close());
  const trials = createTrialWatch({
    sql,
    act: (tx, trial, decision) => promoteWinner(tx, { checkPublishable: ensureEvaluated }, trial, decision),
    onDecided(organisationId) {
      announceCommit();
      return book.reload(organisationId);
    },
    onError: (err) => logger.error({ err }, 'a trial cannot be judged now; it will be tried again'),
  });
  opened.defer(() => trials.close());
  const routes: RouteStore = {
    sql,
    book,
    findModel,
    isAlias: (organisationId, name) => modelSetting.book.findAlias(organisationId, name) !== undefined,
    listBudgetsTo: listBudgetsLeadingTo,
    onChange: announceCommit,
  };
  return { flags, measures, learned, trials, routes };
}
