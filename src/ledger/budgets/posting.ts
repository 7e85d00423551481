/**
 * The SQL that gives back what completions held in budgets and counts what they used, as the middle of a statement
 * whose CTE `closed` has (id, organisation_id, budget_holds, cost_nanos, used_tokens, hold_state). What follows it and
 * takes other locks must read from `windows_first`, so that windows are always locked before accounts.
 */
export const POSTING_CTES = `
  posted AS MATERIALIZED (
    SELECT h."window" AS window_id, h.amount,
      CASE h.unit WHEN 'MONEY' THEN coalesce(c.cost_nanos, 0) WHEN 'TOKENS' THEN c.used_tokens
        ELSE h.amount * (c.hold_state <> 'VOIDED')::int END AS used
    FROM closed c CROSS JOIN LATERAL jsonb_to_recordset(c.budget_holds) AS h("window" bigint, unit text, amount bigint)
  ),
  locked AS MATERIALIZED (
    SELECT w.id FROM budget_windows w WHERE w.id IN (SELECT window_id FROM posted) ORDER BY w.id FOR UPDATE
  ),
  windows_first AS MATERIALIZED (SELECT count(*) FROM locked),
  used AS (
    UPDATE budget_windows w
    SET held = w.held - p.amount, settled = greatest(w.settled + p.used, 0), version = w.version + 1
    FROM (
      SELECT window_id, sum(amount)::bigint AS amount, sum(used)::bigint AS used
      FROM posted JOIN locked ON locked.id = window_id GROUP BY window_id
    ) AS p
    WHERE w.id = p.window_id
    RETURNING w.id AS window_id, w.budget_id, w.settled, w.limit_amount
  ),
  raised AS (
    INSERT INTO alerts (organisation_id, team_id, kind, about, budget_id, detail)
    SELECT b.organisation_id, b.team_id, 'BUDGET_THRESHOLD', t.about, b.id,
      jsonb_build_object('windowId', u.window_id::text, 'unit', b.unit, 'limit', u.limit_amount::text,
        'settled', u.settled::text, 'threshold', t.percent)
    FROM used u JOIN budgets b ON b.id = u.budget_id
    CROSS JOIN LATERAL (
      SELECT value::int AS percent, 'budget:' || u.window_id || ':' || u.limit_amount || ':' || value AS about
      FROM jsonb_array_elements_text(b.thresholds)
    ) AS t
    WHERE u.settled::numeric * 100 >= u.limit_amount::numeric * t.percent
      AND NOT EXISTS (SELECT FROM alerts a WHERE a.about = t.about)
    ON CONFLICT (about) DO NOTHING
    RETURNING id, organisation_id
  )`;
