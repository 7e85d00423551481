import { and, eq, type SQL } from 'drizzle-orm';
import type { Db, Sql } from '../db/database.ts';
import { apiKeys } from '../db/tables/api-keys.ts';
import { inTransaction, type Transaction } from '../db/transaction.ts';
import { InvalidInput, NotFound } from '../domain/errors.ts';
import type { Origin } from '../domain/origin.ts';
import type { Principal } from '../domain/principal.ts';
import { newId } from '../lib/ids.ts';
import { ensureKeySettings, type KeySettings } from './check-key.ts';
import { toApiKey, visibleKeys, type ApiKey } from './keys.ts';
import { ensureOwnerRemains, lockOrganisation } from './owners.ts';
import { record } from './record.ts';
import {
  ensureRoutesRemain,
  ensureSomewhereToGo,
  type ListRegions,
  type ListTakenRoutes,
} from './regions.ts';
import { ensureMayGive } from './rights.ts';
import { hashSecret, hintOf, newSecret } from './secrets.ts';
import { findTeams } from './teams.ts';

/** What changing keys needs. */
export interface KeyStore {
  db: Db;
  sql: Sql;
  hashingKey: Buffer;
  listRegions: ListRegions;
  listTakenRoutes: ListTakenRoutes;
  /** Tells every instance to forget what it knew of the key. */
  onChange(key: { id: string; organisationId: string }): Promise<void>;
}

/** What a new key may do and where. */
export type NewKey = KeySettings & { teamId: string };

/** A key together with its secret, which is known at this moment only. */
export interface ShownKey {
  key: ApiKey;
  secret: string;
}

type Row = typeof apiKeys.$inferSelect;

const GRACE_SECONDS_MAX = 30 * 24 * 3600;

/** @throws InvalidInput; Forbidden for rights that the maker does not have; NotFound for the team. */
export async function createKey(
  { db, sql, hashingKey, listRegions, listTakenRoutes }: KeyStore,
  who: Principal,
  input: NewKey,
  by: Origin,
): Promise<ShownKey> {
  ensureKeySettings(who, { ...input, expiresAt: input.expiresAt ?? null }, listRegions());
  const [team] = await findTeams(db, who, [input.teamId]);
  if (!team) throw new NotFound('team', input.teamId, ['input', 'teamId']);
  const secret = newSecret();
  const identity = { id: newId('key'), organisationId: who.organisationId, ...stored(secret, hashingKey) };
  const row = await inTransaction(sql, async (tx) => {
    const isRestricted = input.regions.length > 0;
    if (isRestricted) await lockOrganisation(tx.sql, who.organisationId);
    const [made] = await tx.db
      .insert(apiKeys)
      .values({ ...input, ...identity })
      .returning();
    if (isRestricted) await ensureSomewhereToGo(tx, who.organisationId, identity.id);
    // Of a new key that may use everything nothing is expected; of one for these routes they are.
    if (isRestricted && input.models.length > 0) {
      const ruleChange = { of: { keyId: identity.id }, before: [] };
      await ensureRoutesRemain(listTakenRoutes, tx, who.organisationId, ruleChange);
    }
    await record(tx, who, { action: 'key.create', targetId: identity.id, after: toRecord(made!), by });
    return made!;
  });
  return { key: toApiKey(row), secret };
}

/** What may be changed of a key afterwards; `null` takes its expiry away. */
export type KeyChanges = Partial<Omit<KeySettings, 'scopes' | 'publishable' | 'expiresAt'>> & {
  expiresAt?: Date | null;
};

/**
 * Changes what is given and leaves the rest.
 * @throws Conflict for an expiry of the last owner's key; otherwise as createKey.
 */
export async function updateKey(
  store: KeyStore,
  who: Principal,
  { id, ...changes }: KeyChanges & { id: string },
  by: Origin,
): Promise<ApiKey> {
  ensureKeySettings(who, changes, store.listRegions());
  const row = await change(store, who, id, { action: 'key.update', by }, (before) => {
    ensureNotRevoked(before, 'input.id');
    return Object.keys(changes).length > 0 ? changes : undefined;
  });
  return toApiKey(row);
}

/** A new secret for the same key; the one before works for `graceSeconds` more. */
export async function rotateKey(
  store: KeyStore,
  who: Principal,
  { id, graceSeconds }: { id: string; graceSeconds: number },
  by: Origin,
): Promise<ShownKey> {
  if (graceSeconds < 0 || graceSeconds > GRACE_SECONDS_MAX) {
    throw invalid('graceSeconds', `is ${graceSeconds}; it must be from 0 to ${GRACE_SECONDS_MAX}`);
  }
  const secret = newSecret();
  const row = await change(store, who, id, { action: 'key.rotate', by }, (before) => {
    ensureNotRevoked(before, 'id');
    return {
      ...stored(secret, store.hashingKey),
      previousSecretHash: before.secretHash,
      // By our own clock, which will also judge it: the database's may run ahead.
      previousExpiresAt: new Date(Date.now() + graceSeconds * 1_000),
    };
  });
  return { key: toApiKey(row), secret };
}

/**
 * From now on nothing can be done with the key. Revoking twice is no error.
 * @throws Conflict for the key of the last owner.
 */
export async function revokeKey(store: KeyStore, who: Principal, id: string, by: Origin): Promise<ApiKey> {
  const row = await change(store, who, id, { action: 'key.revoke', by }, ({ revokedAt }) =>
    revokedAt ? undefined : { revokedAt: new Date() },
  );
  return toApiKey(row);
}

/**
 * @param decide what to set; undefined for nothing.
 * @throws NotFound, Forbidden for a key that may more than `who`, and Conflict when no owner would be left.
 */
async function change(
  store: KeyStore,
  who: Principal,
  id: string,
  told: { action: string; by: Origin },
  decide: (before: Row) => Partial<Row> | undefined,
): Promise<Row> {
  const [changed, row] = await inTransaction(store.sql, async (tx) => {
    await lockOrganisation(tx.sql, who.organisationId);
    const before = await readManageable(tx, who, id);
    const values = decide(before);
    if (!values) return [false, before];
    const [after] = await tx.db.update(apiKeys).set(values).where(eq(apiKeys.id, id)).returning();
    if (keepsOwner(before) && !keepsOwner(after!)) await ensureOwnerRemains(tx.sql, who.organisationId);
    if (values.regions?.length) {
      await ensureSomewhereToGo(tx, who.organisationId, id);
      const ruleChange = { of: { keyId: id }, before: before.regions };
      await ensureRoutesRemain(store.listTakenRoutes, tx, who.organisationId, ruleChange);
    }
    await record(tx, who, { ...told, targetId: id, before: toRecord(before), after: toRecord(after!) });
    return [true, after!];
  });
  if (changed) await store.onChange(row);
  return row;
}

async function readManageable({ db }: Transaction, who: Principal, id: string): Promise<Row> {
  const where: SQL | undefined = and(eq(apiKeys.id, id), visibleKeys(who));
  const [found] = await db.select().from(apiKeys).where(where).for('update');
  if (!found) throw new NotFound('API key', id);
  // A rotated key shows its new secret: without this, a key could be traded for a mightier one.
  ensureMayGive(who, found, 'that key may do more than your own');
  return found;
}

function keepsOwner({ scopes, expiresAt, revokedAt }: Row): boolean {
  return scopes.includes('OWNER') && !expiresAt && !revokedAt;
}

function ensureNotRevoked({ revokedAt }: Row, path: string): void {
  if (revokedAt) throw invalid(path, 'is a revoked key; create a new one');
}

function stored(secret: string, hashingKey: Buffer) {
  return { hint: hintOf(secret), secretHash: hashSecret(secret, hashingKey) };
}

/** For the audit: all that is no secret. */
function toRecord(row: Row): Record<string, unknown> {
  const { id: _id, lastUsedAt: _lastUsed, ...shown } = toApiKey(row);
  return { ...shown, previousExpiresAt: row.previousExpiresAt ?? undefined };
}

function invalid(path: string, what: string): InvalidInput {
  return new InvalidInput([{ path: path.split('.'), message: `${path} ${what}` }]);
}
