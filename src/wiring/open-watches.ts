import { createSunsetWatch, type SunsetWatch } from '../alerts/sunsets.ts';
import { createWebhooks, type Webhooks } from '../alerts/webhooks.ts';
import { findBrake, setBrake } from '../ledger/budgets/brake.ts';
import { createBudgetWatch, type BudgetWatch } from '../ledger/budgets/watch.ts';
import { createAnomalyWatch, type AnomalyWatch } from '../usage/anomalies/watch.ts';
import { createUsageFeed, type UsageFeed } from '../usage/feed.ts';
import type { Models } from './open-models.ts';
import type { Opening } from './opening.ts';
import type { Store } from './open-store.ts';

/** What looks at use and tells of it. */
export interface Watches {
  webhooks: Webhooks;
  anomalies: AnomalyWatch;
  sunsets: SunsetWatch;
  budgetWatch: BudgetWatch;
  usageFeed: UsageFeed;
}

export function openWatches(
  { config, logger, opened }: Opening,
  { database, relay, announceCommit, modelSetting }: Store & Models,
): Watches {
  const { db, sql } = database;
  const webhooks = createWebhooks(sql, { ...config.network, webhooks: config.webhooks, logger });
  opened.defer(() => webhooks.close());
  const anomalies = createAnomalyWatch({
    database,
    config: config.anomalies,
    brakes: { find: findBrake, set: setBrake },
    onRaised: announceCommit,
  });
  const sunsets = createSunsetWatch({
    sql,
    warnDays: config.models.warnDays,
    listLifecycles: modelSetting.book.listLifecycles,
    onRaised: announceCommit,
  });
  const budgetWatch = createBudgetWatch(sql, (err) =>
    logger.error({ err }, 'budgets that are watched cannot be read'),
  );
  const usageFeed = createUsageFeed({
    db,
    relay,
    onError: (err) => logger.error({ err }, 'usage that is watched cannot be read'),
  });
  opened.defer(() => usageFeed.close());
  return { webhooks, anomalies, sunsets, budgetWatch, usageFeed };
}
