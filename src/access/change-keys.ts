import { and, eq, isNull, sql, type SQL } from 'drizzle-orm';
import type { Db } from '../db/database.ts';
import { apiKeys } from '../db/tables/api-keys.ts';
import { Forbidden, InvalidInput, NotFound } from '../domain/errors.ts';
import { hasScope, type Principal, type Scope } from '../domain/principal.ts';
import { newId } from '../lib/ids.ts';
import { toApiKey, visibleKeys, type ApiKey } from './keys.ts';
import { hashSecret, hintOf, newSecret } from './secrets.ts';
import { findTeams } from './teams.ts';

/** What changing keys needs. */
export interface KeyStore {
  db: Db;
  hashingKey: Buffer;
  /** Tells every instance to forget what it knew of the key. */
  onChange(key: { id: string; organisationId: string }): Promise<void>;
}

export interface NewKey {
  name: string;
  teamId: string;
  scopes: Scope[];
  models: string[];
  /** Stands where everybody can read it, so it runs nothing but trusted operations. */
  publishable: boolean;
  expiresAt: Date | undefined;
}

/** A key together with its secret, which is known at this moment only. */
export interface ShownKey {
  key: ApiKey;
  secret: string;
}

const GRACE_SECONDS_MAX = 30 * 24 * 3600;
/** The list is read and kept with every use of the key. */
const MODELS_MAX = 200;
const MODEL_NAME = /^[^\s\p{Cc}]{1,256}$/u;

/** @throws InvalidInput, also for rights that the maker's own key does not have; NotFound for the team. */
export async function createKey(
  { db, hashingKey }: KeyStore,
  who: Principal,
  input: NewKey,
): Promise<ShownKey> {
  checkNewKey(who, input);
  const [team] = await findTeams(db, who, [input.teamId]);
  if (!team) throw new NotFound('team', input.teamId);
  const secret = newSecret();
  const identity = { id: newId('key'), organisationId: who.organisationId, ...stored(secret, hashingKey) };
  const [row] = await db
    .insert(apiKeys)
    .values({ ...input, ...identity })
    .returning();
  return { key: toApiKey(row!), secret };
}

/** A new secret for the same key; the one before works for `graceSeconds` more. */
export async function rotateKey(
  store: KeyStore,
  who: Principal,
  id: string,
  graceSeconds: number,
): Promise<ShownKey> {
  if (graceSeconds < 0 || graceSeconds > GRACE_SECONDS_MAX) {
    throw invalid('graceSeconds', `is ${graceSeconds}; it must be from 0 to ${GRACE_SECONDS_MAX}`);
  }
  const where = await ensureManageable(store.db, who, id);
  const secret = newSecret();
  const [row] = await store.db
    .update(apiKeys)
    .set({
      ...stored(secret, store.hashingKey),
      previousSecretHash: apiKeys.secretHash,
      // By our own clock, which will also judge it: the database's may run ahead.
      previousExpiresAt: new Date(Date.now() + graceSeconds * 1_000),
    })
    .where(and(where, isNull(apiKeys.revokedAt)))
    .returning();
  if (!row) throw invalid('id', 'is a revoked key; create a new one');
  await store.onChange(row);
  return { key: toApiKey(row), secret };
}

/** From now on nothing can be done with the key. Revoking twice is no error. */
export async function revokeKey(store: KeyStore, who: Principal, id: string): Promise<ApiKey> {
  const where = await ensureManageable(store.db, who, id);
  const [row] = await store.db
    .update(apiKeys)
    .set({ revokedAt: sql`coalesce(${apiKeys.revokedAt}, now())` })
    .where(where)
    .returning();
  await store.onChange(row!);
  return toApiKey(row!);
}

async function ensureManageable(db: Db, who: Principal, id: string): Promise<SQL | undefined> {
  const where = and(eq(apiKeys.id, id), visibleKeys(who));
  const [found] = await db
    .select({ scopes: apiKeys.scopes, models: apiKeys.models })
    .from(apiKeys)
    .where(where);
  if (!found) throw new NotFound('API key', id);
  // A rotated key shows its new secret: without this, a key could be traded for a mightier one.
  const beyond = scopesBeyond(who, found.scopes);
  if (beyond.length > 0)
    throw new Forbidden(`that key has ${beyond.join(', ')}, which your own key does not have`);
  if (goesBeyondModels(who, found.models))
    throw new Forbidden(`that key may use more models than your own: ${who.models.join(', ')}`);
  return where;
}

function stored(secret: string, hashingKey: Buffer) {
  return { hint: hintOf(secret), secretHash: hashSecret(secret, hashingKey) };
}

function scopesBeyond(who: Principal, scopes: Scope[]): Scope[] {
  return scopes.filter((scope) => !hasScope(who, scope));
}

function goesBeyondModels(who: Principal, models: string[]): boolean {
  if (who.models.length === 0) return false;
  return models.length === 0 || models.some((model) => !who.models.includes(model));
}

function checkNewKey(who: Principal, input: NewKey): void {
  if (input.name.trim() === '' || input.name.length > 200)
    throw invalid('input.name', 'must hold 1 to 200 characters');
  if (input.scopes.length === 0)
    throw invalid('input.scopes', 'names no scope; a key without one can do nothing');
  if (input.models.length > MODELS_MAX || !input.models.every((model) => MODEL_NAME.test(model)))
    throw invalid('input.models', `must hold at most ${MODELS_MAX} names of 1 to 256 visible characters`);
  if (input.expiresAt && input.expiresAt <= new Date()) throw invalid('input.expiresAt', 'lies in the past');
  if (input.publishable && input.scopes.some((scope) => scope !== 'COMPLETIONS_WRITE'))
    throw invalid('input.scopes', 'may be COMPLETIONS_WRITE alone: everybody can read a publishable key');
  // Nobody makes a key that may do more than the one it is made with.
  const beyond = scopesBeyond(who, input.scopes);
  if (beyond.length > 0)
    throw invalid('input.scopes', `asks for ${beyond.join(', ')}, which your own key does not have`);
  if (goesBeyondModels(who, input.models))
    throw invalid('input.models', `must be among those of your own key: ${who.models.join(', ')}`);
}

function invalid(path: string, what: string): InvalidInput {
  return new InvalidInput([{ path: path.split('.'), message: `${path} ${what}` }]);
}
