import { inArray, sql } from 'drizzle-orm';
import type { Config } from '../config/config.ts';
import type { Db } from '../db/database.ts';
import { apiKeys } from '../db/tables/api-keys.ts';
import { users } from '../db/tables/tenancy.ts';
import { Forbidden, GatewayError, Unauthenticated, Unavailable } from '../domain/errors.ts';
import type { ClientCertificate, Credentials, Principal } from '../domain/principal.ts';
import type { Logger } from '../lib/logger.ts';
import { createCertificates } from './certificates.ts';
import { withGrants } from './grants.ts';
import { readKeyPrincipal } from './key-principal.ts';
import { createMemory, type Memory } from './memory.ts';
import { createTokens, looksLikeToken } from './oidc/tokens.ts';
import { hashSecret } from './secrets.ts';
import { signIn } from './sign-in.ts';
import { createWatchers, type Watchers } from './watchers.ts';

/** Longer ones are not even looked at. */
const CREDENTIAL_CHARS_MAX = 8_192;

/** Who a credential stands for, and whether it still does. */
export interface Authenticator extends Pick<Watchers, 'watch'> {
  /**
   * The header `authorization` decides where there is one: as a token (JWT) of an issuer if it looks like one, else as a
   * key. Without it, a client certificate does.
   * @throws Unauthenticated when it is missing, unknown, expired, revoked or, for a key, used from an address that it is not
   * meant for; of a key it is not told which of them.
   * Forbidden when it is known who asks, and they have no place here; Unavailable when an issuer cannot be asked.
   */
  authenticate(credentials: Credentials): Promise<Principal>;
  /** Forgets a key or a user, so that its next use reads it again; whoever watches it hears of it. */
  forget(keyId: string): void;
  /** The same for everybody of an organisation. */
  forgetOrganisation(organisationId: string): void;
  /** Forgets those watched keys and users that were revoked where no event has reached us. */
  recheck(): Promise<void>;
  /** Writes down when keys and users were last seen; called now and then, so that no request waits for it. */
  flushLastUsed(): Promise<void>;
}

export interface AuthenticatorOptions {
  hashingKey: Buffer;
  config: Pick<Config, 'identity' | 'network'>;
  logger: Pick<Logger, 'debug' | 'warn'>;
}

export function createAuthenticator(db: Db, options: AuthenticatorOptions): Authenticator {
  const memory = createMemory();
  const find = createFinder(db, options, memory);
  const watchers = createWatchers(db);
  const used = new Set<string>();

  function forget(isMeant: (who: Principal) => boolean): void {
    memory.forget(isMeant);
    watchers.tell(isMeant);
  }

  const forgetById = (id: string) => forget(({ keyId }) => keyId === id);
  return {
    watch: watchers.watch,
    async authenticate(credentials) {
      const found = await find(credentials).catch(tellUnavailable(options.logger));
      used.add(found.keyId);
      return found;
    },
    forget: forgetById,
    forgetOrganisation: (id) => forget(({ organisationId }) => organisationId === id),
    async recheck() {
      for (const id of await watchers.listFallen()) forgetById(id);
    },
    async flushLastUsed() {
      const ids = [...used];
      used.clear();
      if (ids.length === 0) return;
      const now = sql`now()`;
      await db.update(apiKeys).set({ lastUsedAt: now }).where(inArray(apiKeys.id, ids));
      await db.update(users).set({ lastSeenAt: now }).where(inArray(users.id, ids));
    },
  };
}

/** That nobody can be looked up says nothing of who asks: they may come again. */
function tellUnavailable(logger: AuthenticatorOptions['logger']): (error: unknown) => never {
  return (err) => {
    if (err instanceof GatewayError) throw err;
    logger.warn({ err }, 'credentials cannot be looked up');
    throw new Unavailable('it cannot be found out right now who asks; try again', err);
  };
}

/** Finds whom a credential stands for, by its kind. */
function createFinder(
  db: Db,
  { hashingKey, config, logger }: AuthenticatorOptions,
  memory: Memory,
): Authenticator['authenticate'] {
  const { identity } = config;
  const tokens = createTokens(config, logger);
  const identify = createCertificates(identity.certificates);

  /** What was granted to a key or a user counts like what it has by itself. */
  const remember: Memory['find'] = (credential, read) =>
    memory.find(credential, async () => {
      const holder = await read();
      return holder && withGrants(db, holder);
    });

  async function ofKey(secret: string, { team, ip }: Credentials): Promise<Principal> {
    const found = await remember(`key ${secret}`, () => readKeyPrincipal(db, hashSecret(secret, hashingKey)));
    if (!found || isExpired(found) || !mayComeFrom(found, ip))
      throw new Unauthenticated('this key is unknown, expired or revoked');
    if (team === undefined || team === found.teamId) return found;
    throw new Forbidden('x-sluice-team names another team than that of this key; it is for users');
  }

  // The first word of what is remembered keeps the three kinds apart, whatever a caller makes up.
  async function ofToken(token: string, team = ''): Promise<Principal> {
    const found = await remember(`token ${team} ${token}`, async () =>
      signIn(db, await tokens.verify(token), team),
    );
    if (!found || isExpired(found)) throw new Unauthenticated('this token has expired; get a new one');
    return found;
  }

  async function ofCertificate(certificate: ClientCertificate, team = ''): Promise<Principal> {
    const found = await remember(`certificate ${JSON.stringify([team, certificate])}`, () =>
      signIn(db, identify(certificate), team),
    );
    if (!found || isExpired(found)) throw new Unauthenticated('this client certificate has expired');
    return found;
  }

  return async (credentials) => {
    const { authorization, certificate, team } = credentials;
    if (authorization === undefined && certificate) return ofCertificate(certificate, team);
    if (authorization === undefined || authorization.length > CREDENTIAL_CHARS_MAX)
      throw new Unauthenticated();
    const credential = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
    if (!credential) throw new Unauthenticated();
    const isToken = identity.issuers.length > 0 && looksLikeToken(credential);
    return isToken ? ofToken(credential, team) : ofKey(credential, credentials);
  };
}

function isExpired(who: Principal): boolean {
  return who.expiresAt !== undefined && who.expiresAt <= new Date();
}

function mayComeFrom({ allowedFrom }: Principal, ip: string): boolean {
  return allowedFrom === undefined || allowedFrom.has(ip);
}
