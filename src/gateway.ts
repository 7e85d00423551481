import { createAuthenticator, type Authenticator } from './access/authenticate.ts';
import { bootstrap } from './access/bootstrap.ts';
import { loadHashingKey } from './access/hashing-key.ts';
import { createKeys, type Keys } from './access/keys.ts';
import { createCatalog, type Catalog } from './catalog/catalog.ts';
import { costOf } from './catalog/prices.ts';
import { ensureFound } from './completion/follow.ts';
import { recover } from './completion/recover.ts';
import { createRuns, type Runs } from './completion/runs.ts';
import type { Config } from './config/config.ts';
import { openDatabase, type Database } from './db/database.ts';
import { migrateDatabase } from './db/migrate.ts';
import { ModelUnavailable } from './domain/errors.ts';
import type { Principal } from './domain/principal.ts';
import { appendEvent, type OutboxEvent } from './events/outbox.ts';
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
  /** Secret of the admin key that this start made up, to be shown once. */
  firstAdminKey: string | undefined;
  authenticator: Authenticator;
  keys: Keys;
  providers: Providers;
  catalog: Catalog;
  relay: Relay;
  ledger: Ledger;
  runs: Runs;
  /** Settles what dead processes left behind. */
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
  const closers: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const closeNext of closers.splice(0).toReversed()) await closeNext();
  };
  try {
    return await wire(config, options, closers, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function wire(
  config: Config,
  { logger, variables }: GatewayOptions,
  closers: (() => Promise<void>)[],
  close: () => Promise<void>,
): Promise<Gateway> {
  const clock = systemClock;
  const database = await openDatabase({ ...config, log: (message) => logger.warn(message) });
  closers.push(() => database.close());
  await migrateDatabase(database);
  const { db, sql } = database;

  const hashingKey = await loadHashingKey(db, config);
  const firstAdminKey = await bootstrap(db, { hashingKey, adminKey: config.adminKey });
  const authenticator = createAuthenticator(db, { hashingKey });

  const pollMs = database.kind === 'embedded' ? POLL_ALONE_MS : POLL_SHARED_MS;
  const relay = await createRelay(sql, { pollMs, onError: (err) => logger.error({ err }, 'the outbox cannot be read') });
  closers.push(() => relay.close());
  const announce = async (event: OutboxEvent) => {
    await appendEvent(sql, event);
    relay.kick();
  };
  const keys = createKeys(db, {
    hashingKey,
    async onChange({ id, organisationId }) {
      authenticator.forget(id);
      await announce({ kind: 'KEY_CHANGED', organisationId, subjectId: id });
    },
  });

  const instanceId = newId('inst');
  const ledger = createLedger(database, { instanceId, holdMs: config.timeouts.holdMs, logger, onSettled: () => relay.kick() });
  closers.push(() => ledger.close());

  await loadTokenizer();
  const detected = config.detectProviders ? detectFromEnvironment(variables) : [];
  const providers = createProviders({ configs: [...config.providers, ...detected], probeLocal: config.detectProviders });
  closers.push(() => providers.close());
  await providers.probe(AbortSignal.timeout(PROBE_WITHIN_MS));
  const catalog = createCatalog({ listProviders: () => providers.list() });
  const pricing = { ...catalog, costOf };

  const runs = createRuns({
    pricing,
    ledger,
    relay,
    clock,
    announce,
    timeouts: config.timeouts,
    abandonMs: config.timeouts.abandonMs,
    callProvider(name, modelId, ask, signal) {
      const provider = providers.find(name);
      if (!provider) throw new ModelUnavailable(`the provider ${JSON.stringify(name)} is gone`);
      return provider.stream(modelId, ask, signal);
    },
    reread: async (who: Principal, id) => ensureFound(await findCompletions(db, who, [id]), id),
    findByIdempotencyKey: (keyId, key) => findByIdempotencyKey(db, keyId, key),
    onUnexpected: (err) => logger.error({ err }, 'unexpected error in a completion'),
  });
  relay.listen((event) => {
    if (event.kind === 'KEY_CHANGED') authenticator.forget(event.subjectId);
    runs.onEvent(event);
  });

  // Nobody else can have this database open, so whoever held something is dead.
  if (database.kind === 'embedded') await ledger.expireHoldsOfOthers();
  await recover(ledger, pricing);
  return { config, logger, database, firstAdminKey, authenticator, keys, providers, catalog, relay, ledger, runs, recover: () => recover(ledger, pricing), close };
}
