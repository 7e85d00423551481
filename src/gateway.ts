import { createAuthenticator, type Authenticator } from './access/authenticate.ts';
import { bootstrap } from './access/bootstrap.ts';
import { createOperations, type Operations } from './access/operations/operations.ts';
import { loadHashingKey } from './access/hashing-key.ts';
import { findKeys } from './access/keys.ts';
import { findTeams } from './access/teams.ts';
import type { KeyStore } from './access/change-keys.ts';
import { createWebhooks, type Webhooks } from './alerts/webhooks.ts';
import { createCatalog, type Catalog } from './catalog/catalog.ts';
import { costOf, worstCostOf } from './catalog/cost.ts';
import { openPriceBook } from './catalog/price-book.ts';
import { packagedPriceList } from './catalog/price-list.ts';
import type { PriceStore } from './catalog/set-price.ts';
import type { EstimateDeps } from './completion/estimate.ts';
import { ensureFound } from './completion/follow.ts';
import { recover } from './completion/recover.ts';
import { createRoomQueue } from './completion/room-queue.ts';
import { createRuns, type Runs } from './completion/runs.ts';
import type { Config } from './config/config.ts';
import { openDatabase, type Database } from './db/database.ts';
import { migrateDatabase } from './db/migrate.ts';
import { ModelUnavailable } from './domain/errors.ts';
import { createNews, type News } from './events/news.ts';
import { appendEvent, type OutboxEvent } from './events/outbox.ts';
import { createReporter } from './events/reporter.ts';
import { createRelay, type Relay } from './events/relay.ts';
import { findBrake, setBrake } from './ledger/budgets/brake.ts';
import type { BudgetStore } from './ledger/budgets/set.ts';
import { listBudgetsOn } from './ledger/budgets/read.ts';
import { createBudgetWatch, type BudgetWatch } from './ledger/budgets/watch.ts';
import { findByIdempotencyKey, findCompletions } from './ledger/completions.ts';
import { findLikelyOutputTokens } from './ledger/likely-output.ts';
import { createLedger, type Ledger } from './ledger/ledger.ts';
import { systemClock } from './lib/clock.ts';
import { newId } from './lib/ids.ts';
import type { Logger } from './lib/logger.ts';
import { loadTokenizer } from './lib/tokens.ts';
import { detectFromEnvironment } from './providers/detect.ts';
import { createProviders, type Providers } from './providers/providers.ts';
import { createAnomalyWatch, type AnomalyWatch } from './usage/anomalies/watch.ts';
import { createUsageFeed, type UsageFeed } from './usage/feed.ts';

/** How often an instance looks for what others have committed. Alone with its database it is told by itself. */
const POLL_SHARED_MS = 400;
const POLL_ALONE_MS = 60_000;
const PROBE_WITHIN_MS = 1_000;

/** Every part, wired. The doors (graph, jobs, server) reach the parts through this and nothing else. */
export interface Gateway {
  config: Config;
  logger: Logger;
  database: Database;
  /**
   * Makes the first admin key where there is none.
   * @returns its secret, to be shown once. Asked for when the start can no longer fail, or it would be lost.
   */
  makeFirstAdminKey(): Promise<string | undefined>;
  authenticator: Authenticator;
  keys: KeyStore;
  operations: Operations;
  /** Something was just committed: every instance hears of it now, and not at its next look. */
  announceCommit: () => void;
  webhooks: Webhooks;
  anomalies: AnomalyWatch;
  providers: Providers;
  catalog: Catalog;
  prices: PriceStore;
  relay: Relay;
  ledger: Ledger;
  budgets: BudgetStore;
  budgetWatch: BudgetWatch;
  estimates: EstimateDeps;
  usageFeed: UsageFeed;
  runs: Runs;
  /** Settles what dead processes left behind; answers how many completions that were. */
  recover(): Promise<number>;
  close(): Promise<void>;
}

export interface GatewayOptions {
  logger: Logger;
  /** The environment, in which provider keys are looked for. */
  variables: Readonly<Record<string, string | undefined>>;
}

/** Builds the gateway from its configuration, top to bottom, and settles what an earlier process left. */
export async function createGateway(config: Config, options: GatewayOptions): Promise<Gateway> {
  await using opened = new AsyncDisposableStack();
  const [store, vendors] = await bothOpened(
    openStore(config, options.logger, opened),
    openProviders(config, options.variables, opened),
  );
  const models = { ...vendors, ...(await openPrices(options.logger, store, vendors, opened)) };
  const completions = await openCompletions(config, options.logger, store, models, opened);
  // Whatever was opened now belongs to the gateway; had a step failed, it would be closed here.
  const parts = opened.move();
  return { config, ...options, ...store, ...models, ...completions, close: () => parts.disposeAsync() };
}

/** Side by side, to start sooner. When one fails the other still ends, so that it can be closed. */
async function bothOpened<A, B>(one: Promise<A>, two: Promise<B>): Promise<[A, B]> {
  await Promise.allSettled([one, two]);
  return Promise.all([one, two]);
}

/** The database, who may use it, and the news of what is committed there. */
async function openStore(config: Config, logger: Logger, opened: AsyncDisposableStack) {
  const database = await openDatabase({ ...config, log: (message) => logger.warn(message) });
  opened.defer(() => database.close());
  await migrateDatabase(database);
  const { db, sql } = database;

  const hashingKey = await loadHashingKey(db, config);
  const { adminKey } = config;
  if (adminKey) await bootstrap(db, { hashingKey, adminKey });
  const makeFirstAdminKey = async () => (adminKey ? undefined : bootstrap(db, { hashingKey, adminKey }));
  const authenticator = createAuthenticator(db, { hashingKey });

  const pollMs = database.kind === 'embedded' ? POLL_ALONE_MS : POLL_SHARED_MS;
  const relay = await createRelay(sql, {
    pollMs,
    onError: (err) => logger.error({ err }, 'the outbox cannot be read'),
  });
  opened.defer(() => relay.close());
  const news = config.redisUrl ? openNews(config.redisUrl, relay, logger, opened) : undefined;
  const announceCommit = () => {
    relay.kick();
    news?.tell();
  };
  relay.listen(({ kind, subjectId }) => kind === 'KEY_CHANGED' && authenticator.forget(subjectId));
  const announce = async (event: OutboxEvent) => {
    await appendEvent(sql, event);
    announceCommit();
  };
  const keys: KeyStore = {
    db,
    hashingKey,
    async onChange({ id, organisationId }) {
      authenticator.forget(id);
      await announce({ kind: 'KEY_CHANGED', organisationId, subjectId: id });
    },
  };
  const operations = createOperations(database, { relay, announceCommit });
  const webhooks = createWebhooks(sql, { ...config.network, webhooks: config.webhooks, logger });
  opened.defer(() => webhooks.close());
  const anomalies = createAnomalyWatch({
    database,
    config: config.anomalies,
    brakes: { find: findBrake, set: setBrake },
    onRaised: announceCommit,
  });
  const access = { makeFirstAdminKey, authenticator, keys, operations };
  return { database, relay, announce, announceCommit, webhooks, anomalies, ...access };
}

function openNews(redisUrl: string, relay: Relay, logger: Logger, opened: AsyncDisposableStack): News {
  const news = createNews(
    redisUrl,
    () => relay.kick(),
    (err) => logger.warn({ err }, 'Redis cannot be reached; news from other instances come later'),
  );
  opened.defer(() => news.close());
  return news;
}

/** Who can be asked. */
async function openProviders(
  config: Config,
  variables: GatewayOptions['variables'],
  opened: AsyncDisposableStack,
) {
  await loadTokenizer();
  const detected = config.detectProviders ? detectFromEnvironment(variables) : [];
  const providers = createProviders({
    ...config.network,
    configs: [...config.providers, ...detected],
    probeLocal: config.detectProviders,
  });
  opened.defer(() => providers.close());
  await providers.probe(AbortSignal.timeout(PROBE_WITHIN_MS));
  return { providers, packagedPrices: await packagedPriceList() };
}

/** What can be asked for, and at what price. */
async function openPrices(
  logger: Logger,
  { database, relay, announceCommit }: Awaited<ReturnType<typeof openStore>>,
  { providers, packagedPrices }: Awaited<ReturnType<typeof openProviders>>,
  opened: AsyncDisposableStack,
) {
  const { sql } = database;
  const onError = (err: unknown) =>
    logger.error({ err }, 'prices cannot be read; those that were known hold on');
  const book = await openPriceBook(sql, { packaged: packagedPrices, relay, onError });
  opened.defer(() => book.close());
  const catalog = createCatalog({ listProviders: () => providers.list(), prices: book });
  const prices: PriceStore = { sql, book, findModel: catalog.findModel, onChange: announceCommit };
  return { catalog, prices };
}

/** The ledger, and the pipeline that spends through it. */
async function openCompletions(
  config: Config,
  logger: Logger,
  { database, relay, announce, announceCommit }: Awaited<ReturnType<typeof openStore>>,
  { providers, catalog }: Pick<Gateway, 'providers' | 'catalog'>,
  opened: AsyncDisposableStack,
) {
  const { db } = database;
  const ledger = createLedger(database, {
    instanceId: newId('inst'),
    holdMs: config.timeouts.holdMs,
    logger,
    onSettled: announceCommit,
  });
  opened.defer(() => ledger.close());
  const pricing = { ...catalog, costOf, worstCostOf };
  const runs = createRuns({
    pricing,
    ledger,
    relay,
    clock: systemClock,
    announce,
    timeouts: config.timeouts,
    abandonMs: config.timeouts.abandonMs,
    waitForRoom: createRoomQueue(relay),
    callProvider(name, modelId, ask, signal) {
      const provider = providers.find(name);
      if (!provider) throw new ModelUnavailable(`the provider ${JSON.stringify(name)} is gone`);
      return provider.stream(modelId, ask, signal);
    },
    reread: async (who, id) => ensureFound(await findCompletions(db, who, [id]), id),
    findByIdempotencyKey: (keyId, key) => findByIdempotencyKey(db, keyId, key),
    reporter: createReporter(logger),
  });
  relay.listen((event) => runs.onEvent(event));

  // Nobody else can have an embedded database open, so whoever held something there is dead.
  if (database.kind === 'embedded') await ledger.expireHoldsOfOthers();
  await recover(ledger, pricing);
  const budgetWatch = createBudgetWatch(database.sql, (err) =>
    logger.error({ err }, 'budgets that are watched cannot be read'),
  );
  const usageFeed = createUsageFeed({
    db,
    relay,
    onError: (err) => logger.error({ err }, 'usage that is watched cannot be read'),
  });
  opened.defer(() => usageFeed.close());
  const budgets = openBudgets(database, catalog, announceCommit);
  const estimates: EstimateDeps = {
    pricing,
    clock: systemClock,
    listBudgetsOn: (organisationId, subjects) => listBudgetsOn(database.sql, organisationId, subjects),
    findLikelyOutputTokens: (who, model) => findLikelyOutputTokens(database.sql, who, model),
  };
  const recoverAll = () => recover(ledger, pricing);
  return { ledger, budgets, budgetWatch, estimates, usageFeed, runs, recover: recoverAll };
}

/** Budgets, and everything that one can be set on. */
function openBudgets({ sql, db }: Database, catalog: Catalog, onChange: () => void): BudgetStore {
  const ofOrganisation = { teamId: undefined };
  const findSubject: BudgetStore['findSubject'] = async (who, scope, id) => {
    switch (scope) {
      case 'ORGANISATION':
        return id === who.organisationId ? ofOrganisation : undefined;
      case 'TEAM':
        return (await findTeams(db, who, [id])).map((team) => ({ teamId: team.id }))[0];
      case 'KEY':
        return (await findKeys(db, who, [id]))[0];
      case 'MODEL':
        return catalog.findModel(id) && ofOrganisation;
      case 'PROVIDER':
        return catalog.findProvider(id) && ofOrganisation;
      case 'TAG':
        return /^[^=]+=/.test(id) ? ofOrganisation : undefined;
      case 'END_USER':
        return ofOrganisation;
      case 'ROUTE':
      case 'PROMPT':
        // There are none of these yet, so none is found.
        return undefined;
    }
  };
  const isModel = (name: string) => catalog.findModel(name) !== undefined;
  return { sql, findSubject, isModel, onChange };
}
