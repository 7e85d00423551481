import { and, asc, eq } from 'drizzle-orm';
import type { Db } from '../db/database.ts';
import { members, roles } from '../db/tables/tenancy.ts';
import { inTransaction } from '../db/transaction.ts';
import { Conflict, InvalidInput, NotFound } from '../domain/errors.ts';
import type { Origin } from '../domain/origin.ts';
import { SCOPES, type Principal, type Scope } from '../domain/principal.ts';
import { isBuiltInRole, ROLES } from '../domain/role.ts';
import { lockOrganisation } from './owners.ts';
import { record } from './record.ts';
import { ensureMayGive } from './rights.ts';
import type { TenantStore } from './store.ts';

/** A name for scopes that go together. */
export interface Role {
  name: string;
  scopes: readonly Scope[];
  /** Whether every organisation has it; such a role never changes. */
  builtIn: boolean;
}

/** All of them are listed at once. */
const OWN_ROLES_MAX = 100;
const NAME = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;
const BUILT_IN: Role[] = Object.entries(ROLES).map(([name, scopes]) => ({ name, scopes, builtIn: true }));

/** Those that every organisation has, then its own by name. */
export async function listRoles(db: Db, { organisationId }: Principal): Promise<Role[]> {
  const own = await db
    .select({ name: roles.name, scopes: roles.scopes })
    .from(roles)
    .where(eq(roles.organisationId, organisationId))
    .orderBy(asc(roles.name));
  return [...BUILT_IN, ...own.map((role) => ({ ...role, builtIn: false }))];
}

/**
 * What a role of the organisation allows.
 * @throws InvalidInput that lists the roles there are.
 */
export async function ensureRoleScopes(db: Db, who: Principal, name: string): Promise<readonly Scope[]> {
  const known = await listRoles(db, who);
  const role = known.find((each) => each.name === name);
  if (role) return role.scopes;
  const names = known.map((each) => each.name).join(', ');
  throw invalid('role', `is ${JSON.stringify(name)}; the roles of this organisation are ${names}`);
}

/**
 * Makes a role, or changes what it allows; for those who have it already, at once.
 * @throws InvalidInput; Forbidden for a role that may more than `who`, before or after.
 */
export async function setRole(
  store: TenantStore,
  who: Principal,
  input: { name: string; scopes: readonly Scope[] },
  by: Origin,
): Promise<Role> {
  const { organisationId } = who;
  const { name } = input;
  const scopes = ensureScopes(input);
  await inTransaction(store.sql, async (tx) => {
    await lockOrganisation(tx.sql, organisationId);
    const existing = (await listRoles(tx.db, who)).filter(({ builtIn }) => !builtIn);
    const before = existing.find((role) => role.name === name);
    if (!before && existing.length >= OWN_ROLES_MAX)
      throw invalid('name', `is one too many: an organisation may have ${OWN_ROLES_MAX} roles of its own`);
    ensureMayGive(who, { scopes: [...scopes, ...(before?.scopes ?? [])] }, 'that role may do more than you');
    await tx.db
      .insert(roles)
      .values({ organisationId, name, scopes })
      .onConflictDoUpdate({ target: [roles.organisationId, roles.name], set: { scopes } });
    await record(tx, who, {
      action: 'role.set',
      targetId: `role_${name}`,
      before: before && { scopes: before.scopes },
      after: { scopes },
      by,
    });
  });
  await store.onRoleChange(organisationId);
  return { name, scopes, builtIn: false };
}

/** @throws Conflict while a member has it; NotFound; InvalidInput for one that every organisation has. */
export async function deleteRole(
  store: TenantStore,
  who: Principal,
  name: string,
  by: Origin,
): Promise<void> {
  ensureOwnRole(name, ['name']);
  const { organisationId } = who;
  await inTransaction(store.sql, async (tx) => {
    await lockOrganisation(tx.sql, organisationId);
    const before = (await listRoles(tx.db, who)).find((role) => role.name === name);
    if (!before) throw new NotFound('role', name);
    ensureMayGive(who, before, 'that role may do more than you');
    const holders = and(eq(members.organisationId, organisationId), eq(members.role, name));
    const count = await tx.db.$count(members, holders);
    if (count > 0)
      throw new Conflict(
        `the role ${name} is that of ${count} member${count === 1 ? '' : 's'}; give them another one first, or remove them`,
      );
    await tx.db.delete(roles).where(and(eq(roles.organisationId, organisationId), eq(roles.name, name)));
    await record(tx, who, {
      action: 'role.delete',
      targetId: `role_${name}`,
      before: { scopes: before.scopes },
      by,
    });
  });
  await store.onRoleChange(organisationId);
}

function ensureScopes({ name, scopes }: { name: string; scopes: readonly Scope[] }): Scope[] {
  ensureOwnRole(name, ['input', 'name']);
  if (!NAME.test(name))
    throw invalid(
      'name',
      'must be 1 to 64 letters, digits, hyphens and underscores, of which the first is a letter',
    );
  if (scopes.length === 0) throw invalid('scopes', 'names no scope; a role without one allows nothing');
  // Who the owners are must not hang on what somebody else makes of a role.
  if (scopes.includes('OWNER')) throw invalid('scopes', 'holds OWNER, which only the role OWNER may');
  return SCOPES.filter((scope) => scopes.includes(scope));
}

function ensureOwnRole(name: string, path: string[]): void {
  if (!isBuiltInRole(name.toUpperCase())) return;
  const message = `${path.join('.')} is ${name}, a role that every organisation has and that never changes`;
  throw new InvalidInput([{ path, message }]);
}

function invalid(field: string, what: string): InvalidInput {
  return new InvalidInput([{ path: ['input', field], message: `input.${field} ${what}` }]);
}
