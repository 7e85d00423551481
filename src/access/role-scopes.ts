import { and, eq } from 'drizzle-orm';
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
  if (isBuiltInRole(name)) return ROLES[name];
  const [row] = await db
    .select({ scopes: roles.scopes })
    .from(roles)
    .where(and(eq(roles.organisationId, organisationId), eq(roles.name, name)));
  return row?.scopes;
}
