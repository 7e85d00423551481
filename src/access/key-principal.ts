import { timingSafeEqual } from 'node:crypto';
import { eq, type SQL } from 'drizzle-orm';
import type { Db } from '../db/database.ts';
import { apiKeys } from '../db/tables/api-keys.ts';
import { organisations, teams } from '../db/tables/tenancy.ts';
import type { Principal } from '../domain/principal.ts';
import { allowedByAll, toRule } from '../domain/regions.ts';
import { toAddressRanges } from '../lib/address-ranges.ts';
import { withSecret } from './keys.ts';

interface Found {
  row: typeof apiKeys.$inferSelect;
  ofTeam: string[];
  ofOrganisation: string[];
  recordDays: number | null;
}

/** @returns who holds the key with this hash; undefined for one that is unknown or revoked. */
export async function readKeyPrincipal(db: Db, secretHash: string): Promise<Principal | undefined> {
  const found = await read(db, withSecret(secretHash));
  if (!found) return undefined;
  const { row } = found;
  const isPrevious = !equal(row.secretHash, secretHash);
  return {
    ...toPrincipal(found),
    expiresAt: earlier(row.expiresAt, isPrevious ? row.previousExpiresAt : null),
  };
}

/** @returns who holds the key with this id; undefined for one that is unknown or revoked. */
export async function readPrincipalOfKey(db: Db, keyId: string): Promise<Principal | undefined> {
  const found = await read(db, eq(apiKeys.id, keyId));
  return found && toPrincipal(found);
}

async function read(db: Db, where: SQL | undefined): Promise<Found | undefined> {
  const [found] = await db
    .select({
      row: apiKeys,
      ofTeam: teams.regions,
      ofOrganisation: organisations.regions,
      recordDays: organisations.recordPromptsDays,
    })
    .from(apiKeys)
    .innerJoin(teams, eq(teams.id, apiKeys.teamId))
    .innerJoin(organisations, eq(organisations.id, apiKeys.organisationId))
    .where(where);
  return found?.row.revokedAt ? undefined : found;
}

function toPrincipal({ row, ofTeam, ofOrganisation, recordDays }: Found): Principal {
  return {
    keyId: row.id,
    organisationId: row.organisationId,
    teamId: row.teamId,
    scopes: new Set(row.scopes),
    models: row.models,
    regions: allowedByAll(toRule(ofOrganisation), toRule(ofTeam), toRule(row.regions)),
    keyRegions: row.regions,
    allowedFrom: row.allowedIps.length > 0 ? toAddressRanges(row.allowedIps) : undefined,
    expiresAt: row.expiresAt ?? undefined,
    endUserId: undefined,
    tags: row.tags,
    publishable: row.publishable,
    recordsPrompts: recordDays !== null,
  };
}

function equal(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}

function earlier(a: Date | null, b: Date | null): Date | undefined {
  if (a && b) return a < b ? a : b;
  return a ?? b ?? undefined;
}
