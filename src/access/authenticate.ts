import { hash, randomUUID, timingSafeEqual } from 'node:crypto';
import { inArray, sql } from 'drizzle-orm';
import { LRUCache } from 'lru-cache';
import type { Db } from '../db/database.ts';
import { apiKeys } from '../db/tables/api-keys.ts';
import { Unauthenticated } from '../domain/errors.ts';
import type { Principal } from '../domain/principal.ts';
import { withSecret } from './keys.ts';
import { hashSecret } from './secrets.ts';

/** A change made where no event reaches us is seen after this. */
const TRUST_MS = 5_000;
const UNKNOWN = 'unknown';

/** Who a credential stands for, and whether it still does. */
export interface Authenticator {
  /**
   * @param authorization the value of the header, `Bearer sk-sluice-…`.
   * @throws Unauthenticated when it is missing, unknown, expired or revoked; which of them is not told.
   */
  authenticate(authorization: string | null | undefined): Promise<Principal>;
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

  async function find(secret: string): Promise<Principal | typeof UNKNOWN> {
    const digest = hash('sha256', salt + secret);
    const cached = known.get(digest);
    if (cached) return cached;
    const found = (await readPrincipal(db, hashSecret(secret, options.hashingKey))) ?? UNKNOWN;
    known.set(digest, found);
    return found;
  }

  return {
    async authenticate(authorization) {
      const secret = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
      if (!secret) throw new Unauthenticated();
      const found = await find(secret);
      if (found === UNKNOWN || isExpired(found))
        throw new Unauthenticated('this key is unknown, expired or revoked');
      used.add(found.keyId);
      return found;
    },
    forget(keyId) {
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

async function readPrincipal(db: Db, secretHash: string): Promise<Principal | undefined> {
  const [row] = await db.select().from(apiKeys).where(withSecret(secretHash));
  if (!row || row.revokedAt) return undefined;
  const isPrevious = !equal(row.secretHash, secretHash);
  return {
    keyId: row.id,
    organisationId: row.organisationId,
    teamId: row.teamId,
    scopes: new Set(row.scopes),
    models: row.models,
    expiresAt: earlier(row.expiresAt, isPrevious ? row.previousExpiresAt : null),
  };
}

function equal(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}

function isExpired(who: Principal): boolean {
  return who.expiresAt !== undefined && who.expiresAt <= new Date();
}

function earlier(a: Date | null, b: Date | null): Date | undefined {
  if (a && b) return a < b ? a : b;
  return a ?? b ?? undefined;
}
