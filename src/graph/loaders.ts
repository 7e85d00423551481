import DataLoader from 'dataloader';
import { countKeysOfTeams, findKeys, listKeysOfTeams, type ApiKey } from '../access/keys.ts';
import { findOperations, type RegisteredOperation } from '../access/operations/read.ts';
import { findTeams, type Team } from '../access/teams.ts';
import { findAlerts, type Alert } from '../alerts/alerts.ts';
import { listDeliveries, type WebhookDelivery } from '../alerts/deliveries.ts';
import { subjectOf, type Budget } from '../domain/budget.ts';
import { findPrices, listPriceHistory } from '../catalog/price-rows.ts';
import type { Completion } from '../domain/completion.ts';
import type { Price } from '../domain/model.ts';
import type { Principal } from '../domain/principal.ts';
import { findAuditEvents, type AuditEvent } from '../events/audit.ts';
import type { Gateway } from '../gateway.ts';
import { findBudgets, listBudgets } from '../ledger/budgets/read.ts';
import { findCompletions, type Page } from '../ledger/completions.ts';
import { findEntries, type LedgerEntry } from '../ledger/entries.ts';
import type { Pace } from '../usage/forecast.ts';
import { readPaces } from '../usage/pace.ts';

/** A subject has at most one budget for each unit and window, so no list of theirs comes near. */
const MOST_BUDGETS = 10_000;

type ById<T> = DataLoader<string, T | null>;

/** One batched read for each kind of row, whatever the number of places that ask. Only what `who` may see is found. */
export interface Loaders {
  completion: ById<Completion>;
  key: ById<ApiKey>;
  team: ById<Team>;
  operation: ById<RegisteredOperation>;
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
  /** How fast that which a budget counts is used; undefined where nothing is known. */
  pace: DataLoader<Budget, Pace | undefined, string>;
  /** The keys of a team, one page of them; the same page of many teams is one read. */
  keysOfTeam(page: Page): DataLoader<string, ApiKey[]>;
  keyCount: DataLoader<string, number>;
}

export function createLoaders(gateway: Gateway, who: Principal): Loaders {
  const { db, sql } = gateway.database;
  const pagesOfKeys = new Map<string, DataLoader<string, ApiKey[]>>();
  return {
    completion: byId((ids) => findCompletions(db, who, ids)),
    key: byId((ids) => findKeys(db, who, ids)),
    team: byId((ids) => findTeams(db, who, ids)),
    operation: byId((ids) => findOperations(db, who, ids)),
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
    pace: new DataLoader(
      async (budgets) => {
        const paces = await readPaces(db, who.organisationId, budgets);
        return budgets.map(({ id }) => paces.get(id));
      },
      { cacheKeyFn: ({ id }) => id },
    ),
    keysOfTeam(page) {
      const name = `${page.first} ${page.after ?? ''}`;
      const known = pagesOfKeys.get(name);
      if (known) return known;
      const loader = new DataLoader<string, ApiKey[]>(async (teamIds) => {
        const keys = Map.groupBy(await listKeysOfTeams(db, who, teamIds, page), (key) => key.teamId);
        return teamIds.map((id) => keys.get(id) ?? []);
      });
      pagesOfKeys.set(name, loader);
      return loader;
    },
    keyCount: new DataLoader(async (teamIds) => {
      const counts = await countKeysOfTeams(db, who, teamIds);
      return teamIds.map((id) => counts.get(id) ?? 0);
    }),
  };
}

function byId<T extends { id: string }>(find: (ids: readonly string[]) => Promise<T[]>): ById<T> {
  return new DataLoader(async (ids) => {
    const found = new Map((await find(ids)).map((row) => [row.id, row]));
    return ids.map((id) => found.get(id) ?? null);
  });
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
