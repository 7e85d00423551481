import { createAuthenticator, type Authenticator } from './access/authenticate.ts';
import { bootstrap } from './access/bootstrap.ts';
import { loadHashingKey } from './access/hashing-key.ts';
import type { KeyStore } from './access/change-keys.ts';
import { createCatalog, type Catalog } from './catalog/catalog.ts';
import { costOf } from './catalog/prices.ts';
import { ensureFound } from './completion/follow.ts';
import { recover } from './completion/recover.ts';
import { createRuns, type Runs } from './completion/runs.ts';
import type { Config } from './config/config.ts';
import { openDatabase, type Database } from './db/database.ts';
import { migrateDatabase } from './db/migrate.ts';
import { ModelUnavailable } from './domain/errors.ts';
import { createNews, type News } from './events/news.ts';
import { appendEvent, type OutboxEvent } from './events/outbox.ts';
import { createReporter } from './events/reporter.ts';
import { createRelay, type Relay } from './events/relay.ts';
import { findByIdempotencyKey, findCompletions } from './ledger/completions.ts';
import { createLedger, type Ledger } from './ledger/ledger.ts';
import { systemClock } from './lib/clock.ts';
import { newId } from './lib/ids.ts';
import type { Logger } from './lib/logger.ts';
import { loadTokenizer } from './lib/tokens.ts';
import { detectFromEnvironment } from './providers/detect.ts';
import { createProviders, type Providers } from './providers/providers.ts';

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
  providers: Providers;
  catalog: Catalog;
  relay: Relay;
  ledger: Ledger;
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
  const [store, models] = await bothOpened(
    openStore(config, options.logger, opened),
    openModels(config, options.variables, opened),
  );
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
  return { database, makeFirstAdminKey, authenticator, relay, announce, announceCommit, keys };
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

/** Who can be asked, for what, at what price. */
async function openModels(
  config: Config,
  variables: GatewayOptions['variables'],
  opened: AsyncDisposableStack,
) {
  await loadTokenizer();
  const detected = config.detectProviders ? detectFromEnvironment(variables) : [];
  const providers = createProviders({
    configs: [...config.providers, ...detected],
    probeLocal: config.detectProviders,
  });
  opened.defer(() => providers.close());
  await providers.probe(AbortSignal.timeout(PROBE_WITHIN_MS));
  return { providers, catalog: createCatalog({ listProviders: () => providers.list() }) };
}

/** The ledger, and the pipeline that spends through it. */
async function openCompletions(
  config: Config,
  logger: Logger,
  { database, relay, announce, announceCommit }: Awaited<ReturnType<typeof openStore>>,
  { providers, catalog }: Awaited<ReturnType<typeof openModels>>,
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
  const pricing = { ...catalog, costOf };
  const runs = createRuns({
    pricing,
    ledger,
    relay,
    clock: systemClock,
    announce,
    timeouts: config.timeouts,
    abandonMs: config.timeouts.abandonMs,
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
  return { ledger, runs, recover: () => recover(ledger, pricing) };
}
