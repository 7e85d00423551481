import { and, eq, type SQL } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';
import { hasScope, type Principal, type Scope } from '../domain/principal.ts';

interface OwnedTable {
  organisationId: PgColumn;
  teamId: PgColumn;
}

/**
 * The one place that decides which rows a principal may read: an admin those of the organisation, the holder of a
 * team scope those of the team, anyone else those of the key itself. Every read of an owned table goes through it.
 * @param keyColumn the column that names the key a row belongs to; for the table of keys its own id.
 */
export function visibleTo(
  who: Principal,
  table: OwnedTable,
  keyColumn: PgColumn,
  teamScopes: readonly Scope[] = ['USAGE_READ'],
): SQL | undefined {
  const ofOrganisation = eq(table.organisationId, who.organisationId);
  if (hasScope(who, 'ADMIN')) return ofOrganisation;
  const ofTeam = and(ofOrganisation, eq(table.teamId, who.teamId));
  return teamScopes.some((scope) => hasScope(who, scope)) ? ofTeam : and(ofTeam, eq(keyColumn, who.keyId));
}
