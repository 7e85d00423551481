import DataLoader from 'dataloader';
import { findAlerts, type Alert } from '../alerts/alerts.ts';
import { listDeliveries, type WebhookDelivery } from '../alerts/deliveries.ts';
import { findPrices, listPriceHistory } from '../catalog/price-rows.ts';
import { subjectOf, type Budget } from '../domain/budget.ts';
import type { Completion } from '../domain/completion.ts';
import type { Limit, LimitStanding } from '../domain/limit.ts';
import type { Price } from '../domain/model.ts';
import type { Principal } from '../domain/principal.ts';
import type { RouteVersion } from '../domain/route.ts';
import type { Trial } from '../domain/trial.ts';
import { findAuditEvents, type AuditEvent } from '../events/audit.ts';
import type { Gateway } from '../gateway.ts';
import { findBudgets, listBudgets } from '../ledger/budgets/read.ts';
import { findCompletions, listShadows, type Page } from '../ledger/completions.ts';
import { findEntries, type LedgerEntry } from '../ledger/entries.ts';
import { listMetrics, type CompletionMetric } from '../ledger/metrics.ts';
import { listRatings, type Rating } from '../ledger/ratings.ts';
import { subjectsOfCaller } from '../limits/read.ts';
import { countVersionsOf, listVersionsOf } from '../routing/rows.ts';
import type { SumsOf } from '../trials/judge.ts';
import { readSums } from '../trials/sums.ts';
import type { Pace } from '../usage/forecast.ts';
import { readPaces } from '../usage/pace.ts';
import { createAccessLoaders, type AccessLoaders } from './access-loaders.ts';
import { byId, countOf, pagesOf, type ById } from './batches.ts';
import { createDatasetLoaders, type DatasetLoaders } from './dataset-loaders.ts';
import { createPromptLoaders, type PromptLoaders } from './prompt-loaders.ts';

/** A subject has at most one budget for each unit and window, so no list of theirs comes near. */
const MOST_BUDGETS = 10_000;

/** One batched read for each kind of row, whatever the number of places that ask. Only what `who` may see is found. */
export interface Loaders extends AccessLoaders, PromptLoaders, DatasetLoaders {
  completion: ById<Completion>;
  /** The copies that were made of a completion. */
  shadows: DataLoader<string, Completion[]>;
  ratingsOfCompletion: DataLoader<string, Rating[]>;
  metricsOfCompletion: DataLoader<string, CompletionMetric[]>;
  entry: ById<LedgerEntry>;
  price: ById<Price>;
  /** By the name of a model. */
  priceHistory: DataLoader<string, Price[]>;
  auditEvent: ById<AuditEvent>;
  alert: ById<Alert>;
  /** How far the webhooks are with an alert. */
  deliveriesOfAlert: DataLoader<string, WebhookDelivery[]>;
  budget: ById<Budget>;
  /** By what they are set on, as `SCOPE:id`. */
  budgetsOn: DataLoader<string, Budget[]>;
  /** How a limit stands for whoever asks; null where that depends on what is asked for. */
  limitStanding: DataLoader<Limit, LimitStanding | null, string>;
  versionsOfRoute(page: Page): DataLoader<string, RouteVersion[]>;
  routeVersionCount: DataLoader<string, number>;
  /** What was seen of its arms. */
  trialSums: DataLoader<Trial, SumsOf, string>;
  /** How fast that which a budget counts is used; undefined where nothing is known. */
  pace: DataLoader<Budget, Pace | undefined, string>;
}

export function createLoaders(gateway: Gateway, { who, ip }: { who: Principal; ip: string }): Loaders {
  const { db, sql } = gateway.database;
  return {
    ...createAccessLoaders(db, who),
    completion: byId((ids) => findCompletions(db, who, ids)),
    shadows: new DataLoader(async (ids) => {
      const shadows = Map.groupBy(await listShadows(db, who, ids), ({ shadowOf }) => shadowOf);
      return ids.map((id) => shadows.get(id) ?? []);
    }),
    ratingsOfCompletion: new DataLoader(async (ids) => {
      const ratings = Map.groupBy(await listRatings(sql, ids), ({ completionId }) => completionId);
      return ids.map((id) => ratings.get(id) ?? []);
    }),
    metricsOfCompletion: new DataLoader(async (ids) => {
      const metrics = Map.groupBy(await listMetrics(sql, ids), ({ completionId }) => completionId);
      return ids.map((id) => metrics.get(id) ?? []);
    }),
    entry: byId((ids) => findEntries(db, who, ids)),
    price: byId((ids) => readPrices(gateway, who, ids)),
    priceHistory: new DataLoader(async (models) => {
      const history = await listPriceHistory(sql, who.organisationId, models);
      const byModel = Map.groupBy(history, (price) => price.model);
      return models.map((model) => byModel.get(model) ?? []);
    }),
    auditEvent: byId((ids) => findAuditEvents(db, who, ids)),
    alert: byId((ids) => findAlerts(db, who, ids)),
    deliveriesOfAlert: new DataLoader(async (ids) => {
      const deliveries = Map.groupBy(await listDeliveries(db, ids), ({ alertId }) => alertId);
      return ids.map((id) => deliveries.get(id) ?? []);
    }),
    budget: byId((ids) => findBudgets(sql, who, ids)),
    budgetsOn: new DataLoader(async (subjects) => {
      const budgets = await listBudgets(sql, who, { subjects }, { first: MOST_BUDGETS });
      const found = Map.groupBy(budgets, ({ scope, subjectId }) => subjectOf(scope, subjectId));
      return subjects.map((subject) => found.get(subject) ?? []);
    }),
    limitStanding: new DataLoader(
      async (limits) => {
        const standings = await gateway.limits.stand(limits, subjectsOfCaller(who, ip));
        return standings.map((standing) => standing ?? null);
      },
      { cacheKeyFn: ({ id }) => id },
    ),
    versionsOfRoute: pagesOf(
      (routeIds, page) => listVersionsOf(sql, routeIds, page),
      ({ routeId }) => routeId,
    ),
    routeVersionCount: countOf((routeIds) => countVersionsOf(sql, routeIds)),
    ...createPromptLoaders(gateway.database, who),
    ...createDatasetLoaders(sql, who),
    trialSums: new DataLoader((trials) => readSums(sql, trials), { cacheKeyFn: ({ id }) => id }),
    pace: new DataLoader(
      async (budgets) => {
        const paces = await readPaces(db, who.organisationId, budgets);
        return budgets.map(({ id }) => paces.get(id));
      },
      { cacheKeyFn: ({ id }) => id },
    ),
  };
}

/** Those that something was priced by, or that were set, are stored; others are known for as long as they may be told. */
async function readPrices(gateway: Gateway, who: Principal, ids: readonly string[]): Promise<Price[]> {
  const stored = await findPrices(gateway.database.sql, who.organisationId, ids);
  const known = new Set(stored.map(({ id }) => id));
  return [
    ...stored,
    ...ids.filter((id) => !known.has(id)).flatMap((id) => gateway.catalog.findGeneralPrice(id) ?? []),
  ];
}
