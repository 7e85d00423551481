import type { ISql } from 'postgres';
import type { Sql } from '../../db/database.ts';
import { toJsonParameter } from '../../db/json.ts';
import { OPEN_WINDOW, openWindows } from './windows.ts';

/**
 * Opens the current windows of the budgets that count the money of these subjects.
 * @returns the ids of these budgets.
 */
export async function openMoneyWindows(
  sql: Sql,
  { organisationId, subjects }: { organisationId: string; subjects: string[] },
): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`
    SELECT id FROM budgets
    WHERE organisation_id = ${organisationId} AND unit = 'MONEY' AND deleted_at IS NULL
      AND (ends_at IS NULL OR ends_at > now())
      AND subject IN (SELECT jsonb_array_elements_text(${toJsonParameter(subjects)}::text::jsonb))`;
  const ids = rows.map(({ id }) => id);
  if (ids.length > 0) await openWindows(sql, ids);
  return ids;
}

/** The windows of budgets that are open now. */
export async function listOpenWindows(sql: ISql, budgetIds: readonly string[]): Promise<string[]> {
  const rows = await sql.unsafe<{ id: string }[]>(
    `SELECT w.id::text AS id FROM budgets b ${OPEN_WINDOW}
      WHERE w.id IS NOT NULL AND b.id IN (SELECT jsonb_array_elements_text($1::text::jsonb))`,
    [toJsonParameter(budgetIds)],
  );
  return rows.map(({ id }) => id);
}
