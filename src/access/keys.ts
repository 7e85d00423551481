import { and, count, desc, eq, inArray, lt, or, sql, type SQL } from 'drizzle-orm';
import type { Db } from '../db/database.ts';
import { apiKeys } from '../db/tables/api-keys.ts';
import { visibleTo } from '../db/visibility.ts';
import type { Tag } from '../domain/completion.ts';
import type { Principal, Scope } from '../domain/principal.ts';

/** A key as it may be shown: never its secret, never its hash. */
export interface ApiKey {
  id: string;
  teamId: string;
  name: string;
  hint: string;
  scopes: Scope[];
  /** Of models and routes; empty: all. */
  models: string[];
  /** Where its requests may go, within what team and organisation allow; empty: wherever those do. */
  regions: string[];
  /** Addresses and networks; empty: all. */
  allowedIps: string[];
  /** What its completions carry beside their own tags. */
  tags: Tag[];
  /** Stands where everybody can read it, so it runs nothing but trusted operations. */
  publishable: boolean;
  expiresAt: Date | undefined;
  lastUsedAt: Date | undefined;
  revokedAt: Date | undefined;
  createdAt: Date;
}

export async function findKeys(db: Db, who: Principal, ids: readonly string[]): Promise<ApiKey[]> {
  const rows = await db
    .select()
    .from(apiKeys)
    .where(and(inArray(apiKeys.id, [...ids]), visibleKeys(who)));
  return rows.map(toApiKey);
}

/** Keys of several teams, newest first, at most `first` of each, for a list inside a list. */
export async function listKeysOfTeams(
  db: Db,
  who: Principal,
  teamIds: readonly string[],
  page: { first: number; after?: string | undefined },
): Promise<ApiKey[]> {
  const after = page.after ? lt(apiKeys.id, page.after) : undefined;
  const rank = sql<number>`row_number() over (partition by ${apiKeys.teamId} order by ${apiKeys.id} desc)`;
  const ranked = db.$with('ranked').as(
    db
      .select({ id: apiKeys.id, rank: rank.as('rank') })
      .from(apiKeys)
      .where(and(inArray(apiKeys.teamId, [...teamIds]), visibleKeys(who), after)),
  );
  const rows = await db
    .with(ranked)
    .select()
    .from(apiKeys)
    .innerJoin(ranked, eq(ranked.id, apiKeys.id))
    .where(sql`${ranked.rank} <= ${page.first}`)
    .orderBy(desc(apiKeys.id));
  return rows.map((row) => toApiKey(row.api_keys));
}

export async function countKeysOfTeams(
  db: Db,
  who: Principal,
  teamIds: readonly string[],
): Promise<Map<string, number>> {
  const rows = await db
    .select({ teamId: apiKeys.teamId, keys: count() })
    .from(apiKeys)
    .where(and(inArray(apiKeys.teamId, [...teamIds]), visibleKeys(who)))
    .groupBy(apiKeys.teamId);
  return new Map(rows.map((row) => [row.teamId, row.keys]));
}

/** The key that a secret is, or was before its last rotation. */
export function withSecret(hash: string): SQL | undefined {
  return or(eq(apiKeys.secretHash, hash), eq(apiKeys.previousSecretHash, hash));
}

/** Whoever manages the keys of a team sees all of them, and so does whoever reads its usage. */
export function visibleKeys(who: Principal): SQL | undefined {
  return visibleTo(who, apiKeys, apiKeys.id, ['USAGE_READ', 'KEYS_WRITE', 'BUDGETS_WRITE', 'LIMITS_WRITE']);
}

export function toApiKey(row: typeof apiKeys.$inferSelect): ApiKey {
  return {
    id: row.id,
    teamId: row.teamId,
    name: row.name,
    hint: row.hint,
    scopes: row.scopes,
    models: row.models,
    regions: row.regions,
    allowedIps: row.allowedIps,
    tags: row.tags,
    publishable: row.publishable,
    expiresAt: row.expiresAt ?? undefined,
    lastUsedAt: row.lastUsedAt ?? undefined,
    revokedAt: row.revokedAt ?? undefined,
    createdAt: row.createdAt,
  };
}
