import { and, eq, inArray, sql as raw, type SQL } from 'drizzle-orm';
import type { PgColumn } from 'drizzle-orm/pg-core';

/** Text comparison: every given member must hold. */
export interface StringFilter {
  eq?: string | undefined;
  in?: string[] | undefined;
  contains?: string | undefined;
}

/** `strpos` and not LIKE: a pattern language in a caller's hands is a way to make the database work. */
export function matchText(column: PgColumn, filter?: StringFilter): SQL | undefined {
  if (!filter) return undefined;
  return and(
    filter.eq === undefined ? undefined : eq(column, filter.eq),
    filter.in && inArray(column, filter.in),
    filter.contains === undefined ? undefined : raw`strpos(${column}, ${filter.contains}) > 0`,
  );
}
