import { timingSafeEqual } from 'node:crypto';
import type { Db } from '../db/database.ts';
import { apiKeys } from '../db/tables/api-keys.ts';
import type { Principal } from '../domain/principal.ts';
import { toAddressRanges } from '../lib/address-ranges.ts';
import { withSecret } from './keys.ts';

/** @returns who holds the key with this hash; undefined for one that is unknown or revoked. */
export async function readKeyPrincipal(db: Db, secretHash: string): Promise<Principal | undefined> {
  const [row] = await db.select().from(apiKeys).where(withSecret(secretHash));
  if (!row || row.revokedAt) return undefined;
  const isPrevious = !equal(row.secretHash, secretHash);
  return {
    keyId: row.id,
    organisationId: row.organisationId,
    teamId: row.teamId,
    scopes: new Set(row.scopes),
    models: row.models,
    allowedFrom: row.allowedIps.length > 0 ? toAddressRanges(row.allowedIps) : undefined,
    expiresAt: earlier(row.expiresAt, isPrevious ? row.previousExpiresAt : null),
    endUserId: undefined,
    tags: row.tags,
    publishable: row.publishable,
  };
}

function equal(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}

function earlier(a: Date | null, b: Date | null): Date | undefined {
  if (a && b) return a < b ? a : b;
  return a ?? b ?? undefined;
}
