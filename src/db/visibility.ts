import { and, eq, type SQL } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';
import { hasScope, type Principal, type Scope } from '../domain/principal.ts';

interface OwnedTable {
  organisationId: PgColumn;
  teamId: PgColumn;
}

/** The rows that somebody may read: those of the organisation, of one team of it, or of one key of that team. */
export interface Visibility {
  organisationId: string;
  teamId?: string;
  keyId?: string;
}

/**
 * The one place that decides which rows a principal may read: an admin those of the organisation, the holder of a
 * team scope those of the team, anyone else those of the key itself.
 */
export function visibilityOf(who: Principal, teamScopes: readonly Scope[] = ['USAGE_READ']): Visibility {
  const { organisationId, teamId, keyId } = who;
  if (hasScope(who, 'ADMIN')) return { organisationId };
  return teamScopes.some((scope) => hasScope(who, scope))
    ? { organisationId, teamId }
    : { organisationId, teamId, keyId };
}

/**
 * Every read of an owned table goes through this, or through `within`.
 * @param keyColumn the column that names the key a row belongs to; for the table of keys its own id.
 */
export function visibleTo(
  who: Principal,
  table: OwnedTable,
  keyColumn: PgColumn,
  teamScopes?: readonly Scope[],
): SQL | undefined {
  return within(visibilityOf(who, teamScopes), table, keyColumn);
}

/** The rows of a table that are visible; `isWithin` says the same of a row in memory. */
export function within(visible: Visibility, table: OwnedTable, keyColumn: PgColumn): SQL | undefined {
  const { organisationId, teamId, keyId } = visible;
  return and(
    eq(table.organisationId, organisationId),
    teamId === undefined ? undefined : eq(table.teamId, teamId),
    keyId === undefined ? undefined : eq(keyColumn, keyId),
  );
}

export function isWithin(visible: Visibility, row: Required<Visibility>): boolean {
  const { organisationId, teamId = row.teamId, keyId = row.keyId } = visible;
  return row.organisationId === organisationId && row.teamId === teamId && row.keyId === keyId;
}
