import { and, eq, inArray } from 'drizzle-orm';
import type { Db } from '../db/database.ts';
import { roles } from '../db/tables/tenancy.ts';
import type { Scope } from '../domain/principal.ts';
import { isBuiltInRole, ROLES } from '../domain/role.ts';

/** What a role of an organisation allows; undefined where it has no such role. */
export async function findRoleScopes(
  db: Db,
  organisationId: string,
  name: string,
): Promise<readonly Scope[] | undefined> {
  return (await listRoleScopes(db, organisationId, [name]))[0];
}

/** What each of these roles allows, without those that the organisation does not have. */
export async function listRoleScopes(
  db: Db,
  organisationId: string,
  names: readonly string[],
): Promise<(readonly Scope[])[]> {
  const builtIn = names.filter(isBuiltInRole).map((name) => ROLES[name]);
  const others = names.filter((name) => !isBuiltInRole(name));
  if (others.length === 0) return builtIn;
  const own = await db
    .select({ scopes: roles.scopes })
    .from(roles)
    .where(and(eq(roles.organisationId, organisationId), inArray(roles.name, others)));
  return [...builtIn, ...own.map(({ scopes }) => scopes)];
}
