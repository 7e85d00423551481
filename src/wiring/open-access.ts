import { createAccessLog, type AccessLog } from '../events/access-log.ts';
import { openAskFirst, type AskFirst } from '../access/ask-first.ts';
import { createAuthenticator, type Authenticator } from '../access/authenticate.ts';
import { bootstrap } from '../access/bootstrap.ts';
import type { KeyStore } from '../access/change-keys.ts';
import { loadHashingKey } from '../access/hashing-key.ts';
import { createOperations, type Operations } from '../access/operations/operations.ts';
import type { TenantStore } from '../access/store.ts';
import type { OutboxEvent } from '../events/outbox.ts';
import { systemClock } from '../lib/clock.ts';
import { createCounts, type Counts } from '../lib/counts.ts';
import { openLimits, type OpenLimits } from '../limits/open-limits.ts';
import type { Vendors } from './open-models.ts';
import type { Opening } from './opening.ts';
import type { Store } from './open-store.ts';

/** Who may use the gateway, and how often. */
export interface Access extends Pick<OpenLimits, 'limits' | 'book'> {
  /**
   * Makes the first admin key where there is none.
   * @returns its secret, to be shown once. Asked for when the start can no longer fail, or it would be lost.
   */
  makeFirstAdminKey(): Promise<string | undefined>;
  authenticator: Authenticator;
  /** Tells the audit who came and who was refused. */
  accessLog: AccessLog;
  /** Where keys and tenants are changed. */
  openStores(routes: Pick<TenantStore, 'listTakenRoutes'>): { keys: KeyStore; tenants: TenantStore };
  /** What takes an approval before it is used. */
  askFirst: AskFirst;
  /** Trusted documents. */
  operations: Operations;
  /** The streams that each key or user has open, over whatever door. */
  openStreams: Counts;
}

export async function openAccess(opening: Opening, store: Store, vendors: Vendors): Promise<Access> {
  const { config, logger, opened } = opening;
  const { db, sql } = store.database;
  const { adminKey } = config;
  const hashingKey = await loadHashingKey(db, config);
  if (adminKey) await bootstrap(sql, { hashingKey, adminKey });
  const { limits, book, throttle, close } = await openLimits(config, {
    ...store,
    sql,
    logger,
    clock: systemClock,
  });
  opened.defer(close);
  const authenticator = throttle(createAuthenticator(db, { hashingKey, config, logger }));
  store.relay.listen((event) => forgetChanged(authenticator, event));
  const askFirst = await openAskFirst(sql, {
    relay: store.relay,
    onError: (err) =>
      logger.error({ err }, 'what has to be asked for first cannot be read; what was known holds on'),
  });
  opened.defer(() => askFirst.close());
  return {
    makeFirstAdminKey: async () => (adminKey ? undefined : bootstrap(sql, { hashingKey, adminKey })),
    authenticator,
    accessLog: createAccessLog(sql, logger),
    askFirst,
    limits,
    book,
    operations: createOperations(store.database, store),
    openStreams: createCounts(config.limits.subscriptionsPerKey),
    openStores: (routes) => createStores(store, vendors, { hashingKey, authenticator, ...routes }),
  };
}

/** Where keys and tenants are changed; this instance knows of a change before it is told by the outbox. */
function createStores(
  { database: { db, sql }, announce }: Store,
  { providers }: Vendors,
  {
    hashingKey,
    authenticator,
    listTakenRoutes,
  }: { hashingKey: Buffer; authenticator: Authenticator } & Pick<TenantStore, 'listTakenRoutes'>,
): ReturnType<Access['openStores']> {
  const listRegions = () => {
    const ready = providers.list().filter(({ info }) => info.configured);
    return [...new Set(ready.flatMap(({ info }) => info.region ?? []))].toSorted();
  };
  const tell = (kind: OutboxEvent['kind']) => async (changed: { id: string; organisationId: string }) => {
    const event = { kind, organisationId: changed.organisationId, subjectId: changed.id };
    forgetChanged(authenticator, event);
    await announce(event);
  };
  const tellOfRoles = tell('ROLE_CHANGED');
  return {
    keys: { db, sql, hashingKey, listRegions, listTakenRoutes, onChange: tell('KEY_CHANGED') },
    tenants: {
      db,
      sql,
      listRegions,
      listTakenRoutes,
      onUserChange: tell('USER_CHANGED'),
      onRoleChange: (organisationId) => tellOfRoles({ id: organisationId, organisationId }),
    },
  };
}

/** What an authenticator knew of those who were changed, here or on another instance, is not so any more. */
function forgetChanged(authenticator: Authenticator, { kind, organisationId, subjectId }: OutboxEvent): void {
  if (kind === 'KEY_CHANGED' || kind === 'USER_CHANGED') authenticator.forget(subjectId);
  // Whoever runs an operation may do what its policy says.
  if (kind === 'ROLE_CHANGED' || kind === 'OPERATIONS_CHANGED')
    authenticator.forgetOrganisation(organisationId);
}
