import { and, eq } from 'drizzle-orm';
import { isDeepStrictEqual } from 'node:util';
import type { Db } from '../db/database.ts';
import { members, users } from '../db/tables/tenancy.ts';
import { Forbidden } from '../domain/errors.ts';
import type { KeptPrincipal } from '../domain/kept-principal.ts';
import type { Principal, Scope } from '../domain/principal.ts';
import { withGrants } from './grants.ts';
import { readPrincipalOfKey } from './key-principal.ts';
import { findRoleScopes } from './role-scopes.ts';
import { readSettings } from './sign-in.ts';

/** What is kept of somebody who begins what outlives the request. */
export async function keepPrincipal(db: Db, who: Principal, ip: string): Promise<KeptPrincipal> {
  const { keyId, organisationId, teamId, endUserId, operation, maxOutputTokens } = who;
  const isUser = keyId.startsWith('user_');
  const scopes = [...(who.granted?.own ?? who).scopes];
  return {
    keyId,
    organisationId,
    teamId,
    endUserId,
    operation,
    maxOutputTokens,
    ip,
    models: [...who.models],
    tags: [...who.tags],
    user: isUser ? { scopes, ...(await readRole(db, who)) } : undefined,
  };
}

/**
 * Who it is by now: with what may be done today, and no more than at the beginning.
 * @throws Forbidden, which says why, for a key that is revoked, has expired or works from other addresses only, and for a
 * user that is disabled or whose role has changed since.
 */
export async function readKeptPrincipal(db: Db, kept: KeptPrincipal): Promise<Principal> {
  const own = kept.user ? await readUser(db, kept, kept.user) : await readKey(db, kept);
  const now = await withGrants(db, own);
  const { endUserId, operation, maxOutputTokens, tags } = kept;
  return { ...now, endUserId, operation, maxOutputTokens, tags, models: narrow(now.models, kept.models) };
}

async function readKey(db: Db, { keyId, ip }: KeptPrincipal): Promise<Principal> {
  const found = await readPrincipalOfKey(db, keyId);
  if (!found) throw new Forbidden(`the key ${keyId} was revoked`);
  if (found.expiresAt && found.expiresAt <= new Date()) throw new Forbidden(`the key ${keyId} has expired`);
  if (found.allowedFrom && !found.allowedFrom.has(ip))
    throw new Forbidden(`the key ${keyId} does not work from ${ip} any more`);
  return found;
}

/** What an issuer said of a user is known from the beginning only; what hangs on the gateway is looked up. */
async function readUser(
  db: Db,
  { keyId, organisationId, teamId }: KeptPrincipal,
  { scopes, ...then }: NonNullable<KeptPrincipal['user']>,
): Promise<Principal> {
  const [user] = await db.select().from(users).where(eq(users.id, keyId));
  if (!user || user.disabledAt) throw new Forbidden(`the user ${keyId} is disabled`);
  const now = await readRole(db, { keyId, organisationId, teamId });
  if (!isDeepStrictEqual({ ...then }, now)) throw new Forbidden(`the role of the user ${keyId} has changed`);
  return {
    keyId,
    organisationId,
    teamId,
    keyRegions: [],
    models: [],
    tags: [],
    scopes: new Set(scopes as Scope[]),
    ...(await readSettings(db, organisationId, teamId)),
    allowedFrom: undefined,
    expiresAt: undefined,
    endUserId: undefined,
  };
}

async function readRole(
  db: Db,
  { keyId, organisationId, teamId }: Pick<Principal, 'keyId' | 'organisationId' | 'teamId'>,
): Promise<{ role: string | null; roleScopes: string[] }> {
  const [member] = await db
    .select({ role: members.role })
    .from(members)
    .where(and(eq(members.userId, keyId), eq(members.teamId, teamId)));
  if (!member) return { role: null, roleScopes: [] };
  const roleScopes = (await findRoleScopes(db, organisationId, member.role)) ?? [];
  return { role: member.role, roleScopes: [...roleScopes].toSorted() };
}

/** Empty lists mean all; what is left of two that have nothing in common is nothing. */
function narrow(now: readonly string[], then: readonly string[]): readonly string[] {
  if (then.length === 0) return now;
  if (now.length === 0) return then;
  const both = now.filter((name) => then.includes(name));
  if (both.length > 0) return both;
  throw new Forbidden('none of the models that were allowed at the beginning still is');
}
