import { and, count, desc, eq, inArray, isNull, lt, sql, type SQL } from 'drizzle-orm';
import type { Db } from '../db/database.ts';
import { apiKeys } from '../db/tables/api-keys.ts';
import { visibleTo } from '../db/visibility.ts';
import { Forbidden, InvalidInput, NotFound } from '../domain/errors.ts';
import { hasScope, type Principal, type Scope } from '../domain/principal.ts';
import { newId } from '../lib/ids.ts';
import { hashSecret, hintOf, newSecret } from './secrets.ts';
import { findTeams } from './teams.ts';

/** A key as it may be shown: never its secret, never its hash. */
export interface ApiKey {
  id: string;
  teamId: string;
  name: string;
  hint: string;
  scopes: Scope[];
  models: string[];
  expiresAt: Date | undefined;
  lastUsedAt: Date | undefined;
  revokedAt: Date | undefined;
  createdAt: Date;
}

export interface NewKey {
  name: string;
  teamId: string;
  scopes: Scope[];
  models: string[];
  expiresAt: Date | undefined;
}

/** A key together with its secret, which is known at this moment only. */
export interface ShownKey {
  key: ApiKey;
  secret: string;
}

const GRACE_SECONDS_MAX = 30 * 24 * 3600;

/** Keys as their owner's organisation sees them. Rows of other organisations do not exist here. */
export function createKeys(db: Db, options: { hashingKey: Buffer; onChange: (key: { id: string; organisationId: string }) => Promise<void> }) {
  const { hashingKey } = options;

  async function ensureManageable(who: Principal, id: string): Promise<SQL | undefined> {
    const where = and(eq(apiKeys.id, id), visibleKeys(who));
    const [found] = await db.select({ scopes: apiKeys.scopes }).from(apiKeys).where(where);
    if (!found) throw new NotFound('API key', id);
    const beyond = scopesBeyond(who, found.scopes);
    // A rotated key shows its new secret: without this, a key could be traded for a mightier one.
    if (beyond.length > 0) throw new Forbidden(`that key has ${beyond.join(', ')}, which your own key does not have`);
    return where;
  }

  return {
    async create(who: Principal, input: NewKey): Promise<ShownKey> {
      checkNewKey(who, input);
      const [team] = await findTeams(db, who, [input.teamId]);
      if (!team) throw new NotFound('team', input.teamId);
      const secret = newSecret();
      const [row] = await db
        .insert(apiKeys)
        .values({
          ...input,
          id: newId('key'),
          organisationId: who.organisationId,
          hint: hintOf(secret),
          secretHash: hashSecret(secret, hashingKey),
        })
        .returning();
      return { key: toApiKey(row!), secret };
    },

    /** A new secret for the same key; the one before works for `graceSeconds` more. */
    async rotate(who: Principal, id: string, graceSeconds: number): Promise<ShownKey> {
      if (graceSeconds < 0 || graceSeconds > GRACE_SECONDS_MAX) {
        throw invalid('graceSeconds', `is ${graceSeconds}; it must be from 0 to ${GRACE_SECONDS_MAX}`);
      }
      const where = await ensureManageable(who, id);
      const secret = newSecret();
      const [row] = await db
        .update(apiKeys)
        .set({
          hint: hintOf(secret),
          secretHash: hashSecret(secret, hashingKey),
          previousSecretHash: apiKeys.secretHash,
          previousExpiresAt: sql`now() + ${graceSeconds}::int * interval '1 second'`,
        })
        .where(and(where, isNull(apiKeys.revokedAt)))
        .returning();
      if (!row) throw invalid('id', 'is a revoked key; create a new one');
      await options.onChange(row);
      return { key: toApiKey(row), secret };
    },

    /** From now on nothing can be done with the key. Revoking twice is no error. */
    async revoke(who: Principal, id: string): Promise<ApiKey> {
      const where = await ensureManageable(who, id);
      const [row] = await db
        .update(apiKeys)
        .set({ revokedAt: sql`coalesce(${apiKeys.revokedAt}, now())` })
        .where(where)
        .returning();
      await options.onChange(row!);
      return toApiKey(row!);
    },

    async find(who: Principal, ids: readonly string[]): Promise<ApiKey[]> {
      const rows = await db
        .select()
        .from(apiKeys)
        .where(and(inArray(apiKeys.id, [...ids]), visibleKeys(who)));
      return rows.map(toApiKey);
    },

    /** Keys of several teams, newest first, at most `first` of each, for a list inside a list. */
    async listOfTeams(who: Principal, teamIds: readonly string[], page: { first: number; after?: string | undefined }): Promise<ApiKey[]> {
      const ranked = db.$with('ranked').as(
        db
          .select({
            id: apiKeys.id,
            rank: sql<number>`row_number() over (partition by ${apiKeys.teamId} order by ${apiKeys.id} desc)`.as('rank'),
          })
          .from(apiKeys)
          .where(
            and(
              inArray(apiKeys.teamId, [...teamIds]),
              visibleKeys(who),
              page.after ? lt(apiKeys.id, page.after) : undefined,
            ),
          ),
      );
      const rows = await db
        .with(ranked)
        .select()
        .from(apiKeys)
        .innerJoin(ranked, eq(ranked.id, apiKeys.id))
        .where(sql`${ranked.rank} <= ${page.first}`)
        .orderBy(desc(apiKeys.id));
      return rows.map((row) => toApiKey(row.api_keys));
    },

    async countOfTeams(who: Principal, teamIds: readonly string[]): Promise<Map<string, number>> {
      const rows = await db
        .select({ teamId: apiKeys.teamId, keys: count() })
        .from(apiKeys)
        .where(and(inArray(apiKeys.teamId, [...teamIds]), visibleKeys(who)))
        .groupBy(apiKeys.teamId);
      return new Map(rows.map((row) => [row.teamId, row.keys]));
    },
  };
}

export type Keys = ReturnType<typeof createKeys>;

function visibleKeys(who: Principal): SQL | undefined {
  return visibleTo(who, apiKeys, apiKeys.id, ['USAGE_READ', 'KEYS_WRITE']);
}

function scopesBeyond(who: Principal, scopes: Scope[]): Scope[] {
  return scopes.filter((scope) => !hasScope(who, scope));
}

function checkNewKey(who: Principal, input: NewKey): void {
  if (input.name.trim() === '' || input.name.length > 200) throw invalid('input.name', 'must hold 1 to 200 characters');
  if (input.scopes.length === 0) throw invalid('input.scopes', 'names no scope; a key without one can do nothing');
  if (input.expiresAt && input.expiresAt <= new Date()) throw invalid('input.expiresAt', 'lies in the past');
  // Nobody makes a key that may do more than the one it is made with.
  const beyond = scopesBeyond(who, input.scopes);
  if (beyond.length > 0) throw invalid('input.scopes', `asks for ${beyond.join(', ')}, which your own key does not have`);
  if (who.models.length > 0 && (input.models.length === 0 || input.models.some((model) => !who.models.includes(model)))) {
    throw invalid('input.models', `must be among those of your own key: ${who.models.join(', ')}`);
  }
}

function invalid(path: string, what: string): InvalidInput {
  return new InvalidInput([{ path: path.split('.'), message: `${path} ${what}` }]);
}

function toApiKey(row: typeof apiKeys.$inferSelect): ApiKey {
  return {
    id: row.id,
    teamId: row.teamId,
    name: row.name,
    hint: row.hint,
    scopes: row.scopes,
    models: row.models,
    expiresAt: row.expiresAt ?? undefined,
    lastUsedAt: row.lastUsedAt ?? undefined,
    revokedAt: row.revokedAt ?? undefined,
    createdAt: row.createdAt,
  };
}
