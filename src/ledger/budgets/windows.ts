import type { ISql } from 'postgres';
import { toJsonParameter } from '../../db/json.ts';

/**
 * Where the window that is open now begins and ends, as columns `starts_at` and `ends_at` of `bounds`, for the row `b`
 * of `budgets`. The database's clock decides. Days and longer are those of the budget's time zone: they begin on its
 * clock, so a day may have 23 or 25 hours; an hour and a minute are always as long as they are called.
 */
export const WINDOW_BOUNDS = `
  CROSS JOIN LATERAL (SELECT (b.start_day - 1) * interval '1 day' AS shift, lower(b.window) AS field) AS form
  CROSS JOIN LATERAL (
    SELECT CASE WHEN b.window IN ('DAY', 'WEEK', 'MONTH')
      THEN date_trunc(form.field, now() AT TIME ZONE b.time_zone - form.shift) + form.shift END AS starts
  ) AS local
  CROSS JOIN LATERAL (
    SELECT
      CASE WHEN b.window = 'TOTAL' THEN b.created_at
        WHEN b.window IN ('MINUTE', 'HOUR') THEN date_trunc(form.field, now(), b.time_zone)
        ELSE local.starts AT TIME ZONE b.time_zone END AS starts_at,
      CASE WHEN b.window = 'TOTAL' THEN NULL
        WHEN b.window IN ('MINUTE', 'HOUR')
          THEN date_trunc(form.field, now(), b.time_zone) + ('1 ' || form.field)::interval
        ELSE (local.starts + ('1 ' || form.field)::interval) AT TIME ZONE b.time_zone END AS ends_at
  ) AS bounds`;

/** The window of budget `b` that is open now, as `w`; its columns are null when it has not been opened yet. */
export const OPEN_WINDOW = `
  LEFT JOIN LATERAL (
    SELECT latest.id, latest.ends_at FROM budget_windows latest
    WHERE latest.budget_id = b.id AND latest.starts_at <= now() ORDER BY latest.starts_at DESC LIMIT 1
  ) AS w ON w.ends_at IS NULL OR w.ends_at > now()`;

const OPEN_WINDOWS = `
  INSERT INTO budget_windows (budget_id, starts_at, ends_at, limit_amount)
  SELECT b.id, bounds.starts_at, bounds.ends_at, b.limit_amount
  FROM (
    SELECT * FROM budgets WHERE id IN (SELECT jsonb_array_elements_text($1::text::jsonb)) ORDER BY id FOR SHARE
  ) AS b
  ${WINDOW_BOUNDS}
  ON CONFLICT (budget_id, starts_at) DO NOTHING`;

/** Opens the current windows of budgets where they are not open yet. The lock keeps a change of the limit apart. */
export async function openWindows(sql: ISql, budgetIds: readonly string[]): Promise<void> {
  await sql.unsafe(OPEN_WINDOWS, [toJsonParameter(budgetIds)], { prepare: true });
}

/** Forgets windows of minutes and hours that ended long ago; those of days and longer are history and stay. */
export async function forgetOldWindows(sql: ISql, olderThanMs: number): Promise<void> {
  await sql`
    DELETE FROM budget_windows w USING budgets b
    WHERE b.id = w.budget_id AND b.window IN ('MINUTE', 'HOUR') AND w.held = 0
      AND w.ends_at < now() - ${olderThanMs}::float8 * interval '1 ms'`;
}
