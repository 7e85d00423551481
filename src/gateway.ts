import type { KeyStore } from './access/change-keys.ts';
import type { OrganisationStore } from './access/change-organisation.ts';
import { supersedeIncreases } from './access/requests/end.ts';
import { openAccessDesk, type AccessDesk } from './access/requests/desk.ts';
import { createSubjectSearch } from './completion/budget-subjects.ts';
import type { ReplaceDeps } from './completion/replace-model.ts';
import type { TenantStore } from './access/store.ts';
import type { Prober } from './completion/probes/prober.ts';
import type { Config } from './config/config.ts';
import { createLimitKeeper } from './ledger/budgets/limit-keeper.ts';
import type { BudgetStore } from './ledger/budgets/set.ts';
import { toRule } from './domain/regions.ts';
import type { Logger } from './lib/logger.ts';
import type { LimitSetting } from './limits/set.ts';
import { findNoWay } from './routing/validate.ts';
import { listStrandedRoutes } from './routing/stranded.ts';
import { listTakenByRule } from './routing/taken.ts';
import { openAccess, type Access } from './wiring/open-access.ts';
import { openCompletions, type Completions } from './wiring/open-completions.ts';
import { openEvaluations, type Evaluations } from './wiring/open-evaluations.ts';
import { openModels, openVendors, type Models, type Vendors } from './wiring/open-models.ts';
import { openProber } from './wiring/open-prober.ts';
import { openPrompts, type Prompts } from './wiring/open-prompts.ts';
import { openRoutes, type Routes } from './wiring/open-routes.ts';
import { openStore, type Store } from './wiring/open-store.ts';
import { openWatches, type Watches } from './wiring/open-watches.ts';
import type { Opening } from './wiring/opening.ts';

/** What changes what may be used and spent. */
interface Settings {
  budgets: BudgetStore;
  limitSetting: LimitSetting;
  keys: KeyStore;
  tenants: TenantStore;
  organisations: OrganisationStore;
  /** Asking for access, and deciding on it. */
  accessDesk: AccessDesk;
  /** Putting one model into the place of another. */
  replacing: ReplaceDeps;
}

/** Every part, wired. The doors (graph, jobs, server) reach the parts through this and nothing else. */
export interface Gateway
  extends Store, Access, Vendors, Models, Routes, Prompts, Completions, Evaluations, Watches, Settings {
  config: Config;
  logger: Logger;
  prober: Prober;
  close(): Promise<void>;
}

export type GatewayOptions = Omit<Opening, 'config' | 'opened'>;

/** Builds the gateway from its configuration, top to bottom, and settles what an earlier process left. */
export async function createGateway(config: Config, options: GatewayOptions): Promise<Gateway> {
  await using opened = new AsyncDisposableStack();
  const opening: Opening = { config, ...options, opened };
  const [store, vendors] = await bothOpened(openStore(opening), openVendors(opening));
  const access = await openAccess(opening, store, vendors);
  const models = await openModels(opening, store, vendors);
  const routes = await openRoutes(opening, store, models);
  const prompts = openPrompts({ ...store, ...models, ...routes });
  const parts = { ...store, ...vendors, ...access, ...models, ...routes, ...prompts };
  const completions = await openCompletions(opening, parts);
  const evaluations = await openEvaluations(opening, { ...parts, ...completions });
  const prober = openProber(opening, { ...parts, ...completions });
  const watches = openWatches(opening, parts);
  const settings = await openSettings(parts);
  // Whatever was opened now belongs to the gateway; had a step failed, it would be closed here.
  const toClose = opened.move();
  const close = () => toClose.disposeAsync();
  const worked = { ...completions, ...evaluations, prober };
  return { config, logger: options.logger, ...parts, ...worked, ...watches, ...settings, close };
}

/** Side by side, to start sooner. When one fails the other still ends, so that it can be closed. */
async function bothOpened<A, B>(one: Promise<A>, two: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([one, two]);
  return Promise.all([one, two]);
}

async function openSettings(parts: Store & Access & Models & Routes): Promise<Settings> {
  const {
    database,
    catalog,
    routes,
    modelSetting,
    askFirst,
    authenticator,
    openStores,
    book,
    announceCommit: onChange,
  } = parts;
  const { sql } = database;
  const isModel = (name: string) => catalog.findModel(name) !== undefined;
  const setting = { sql, findSubject: createSubjectSearch(database, catalog, routes.book), onChange };
  const stores = openStores({
    listTakenRoutes: (tx, organisationId, change) =>
      listTakenByRule(tx, organisationId, catalog.findModel, change),
  });
  return {
    ...stores,
    budgets: {
      ...setting,
      mayAnswer: (organisationId, name) =>
        (isModel(name) && !routes.isAlias(organisationId, name)) || !!routes.book.find(organisationId, name),
      explainOutside: (organisationId, name, regions) =>
        findNoWay(
          { name: '', targets: [{ model: name }] },
          {
            findModel: catalog.findModel,
            findRoute: (route) => routes.book.find(organisationId, route),
            allowedRegions: toRule(regions),
          },
        ),
      endIncreases: supersedeIncreases,
    },
    limitSetting: { ...setting, book },
    replacing: { sql, routes, modelSetting, onKeyChange: stores.keys.onChange },
    organisations: {
      ...stores.tenants,
      listStrandedRoutes: (tx, organisationId, regions) =>
        listStrandedRoutes(tx, organisationId, { ...catalog, allowedRegions: toRule(regions) }),
    },
    accessDesk: await openAccessDesk({
      ...database,
      askFirst,
      isModel,
      findRoute: (organisationId, name) =>
        routes.book.find(organisationId, name) ?? routes.book.findById(organisationId, name),
      budgets: createLimitKeeper(sql),
      onChange,
      forget: (holderId) => authenticator.forget(holderId),
    }),
  };
}
