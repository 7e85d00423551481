import { hash, randomUUID } from 'node:crypto';
import { inArray, sql } from 'drizzle-orm';
import { LRUCache } from 'lru-cache';
import type { Db } from '../db/database.ts';
import { apiKeys } from '../db/tables/api-keys.ts';
import { Unauthenticated } from '../domain/errors.ts';
import type { Credentials, Principal } from '../domain/principal.ts';
import { msUntilStale, withGrants } from './grants.ts';
import { readKeyPrincipal } from './key-principal.ts';
import { hashSecret } from './secrets.ts';

/** A change made where no event reaches us is seen after this. */
const TRUST_MS = 5_000;
const UNKNOWN = 'unknown';

/** Who a credential stands for, and whether it still does. */
export interface Authenticator {
  /**
   * @throws Unauthenticated when it is missing, unknown, expired or revoked; which of them is not told.
   */
  authenticate(credentials: Credentials): Promise<Principal>;
  /** Forgets a key, so that its next use reads it again. */
  forget(keyId: string): void;
  /** Writes down when keys were last used; called now and then, so that no request waits for it. */
  flushLastUsed(): Promise<void>;
}

export function createAuthenticator(db: Db, options: { hashingKey: Buffer }): Authenticator {
  // By hash, so that no secret stays in memory; unknown ones too, so that guessing costs the database little. This
  // hash never leaves the process, so it can do without HMAC, which costs more than all the rest of the look-up.
  const salt = randomUUID();
  const known = new LRUCache<string, Principal | typeof UNKNOWN>({ max: 50_000, ttl: TRUST_MS });
  const used = new Set<string>();
  let timesForgotten = 0;

  async function find(secret: string): Promise<Principal | typeof UNKNOWN> {
    const digest = hash('sha256', salt + secret);
    const cached = known.get(digest);
    if (cached) return cached;
    const forgotten = timesForgotten;
    const holder = await readKeyPrincipal(db, hashSecret(secret, options.hashingKey));
    const found = holder ? await withGrants(db, holder) : UNKNOWN;
    // What was forgotten while it was read may have been read as it was before.
    if (forgotten === timesForgotten)
      known.set(digest, found, { ttl: found === UNKNOWN ? TRUST_MS : msUntilStale(found, TRUST_MS) });
    return found;
  }

  return {
    async authenticate({ authorization }) {
      const secret = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
      if (!secret) throw new Unauthenticated();
      const found = await find(secret);
      if (found === UNKNOWN || isExpired(found))
        throw new Unauthenticated('this key is unknown, expired or revoked');
      used.add(found.keyId);
      return found;
    },
    forget(keyId) {
      timesForgotten += 1;
      for (const [digest, principal] of known.entries()) {
        if (principal !== UNKNOWN && principal.keyId === keyId) known.delete(digest);
      }
    },
    async flushLastUsed() {
      const ids = [...used];
      used.clear();
      if (ids.length > 0)
        await db
          .update(apiKeys)
          .set({ lastUsedAt: sql`now()` })
          .where(inArray(apiKeys.id, ids));
    },
  };
}

function isExpired(who: Principal): boolean {
  return who.expiresAt !== undefined && who.expiresAt <= new Date();
}
