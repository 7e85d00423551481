import { OPEN_WINDOW } from './windows.ts';

/**
 * The SQL that decides which reservations fit into all their budgets, as the middle of a statement whose CTE `input` has
 * (place, id, organisation_id, subjects jsonb, held_nanos, held_tokens, counted_in jsonb, requests_in jsonb: ids of budgets
 * that have counted the request already).
 *
 * `found` looks each subject up once, by the index (OFFSET 0 keeps the planner from joining all budgets to all asks first).
 * `locked` takes the windows' rows in the order of their ids and reads them as they are once the locks are held, so
 * nobody else can draw on them until the commit. What does not fit alone is `refused` for good. The others are let
 * through in their order for as long as their sum fits; those it does not reach are `contested`: part of that sum may
 * itself not have been let through, so they are asked again in a statement of their own.
 */
export const ADMISSION_CTES = `
  wanted AS MATERIALIZED (
    SELECT x.place, x.organisation_id, x.held_nanos, x.held_tokens, x.counted_in, x.requests_in, s.subject
    FROM input x CROSS JOIN LATERAL jsonb_array_elements_text(x.subjects) AS s(subject)
  ),
  found AS MATERIALIZED (
    SELECT b.id AS budget_id, b.organisation_id, b.subject, b.team_id, b.unit, b.allow_unpriced,
      b.shadow OR b.on_exceed = 'WARN' AS lenient, w.id AS window_id
    FROM (SELECT DISTINCT organisation_id, subject FROM wanted) AS s
    CROSS JOIN LATERAL (
      SELECT * FROM budgets
      WHERE organisation_id = s.organisation_id AND subject = s.subject
        AND deleted_at IS NULL AND (ends_at IS NULL OR ends_at > now())
      OFFSET 0
    ) AS b
    ${OPEN_WINDOW}
  ),
  matched AS MATERIALIZED (
    SELECT x.place, f.budget_id, f.organisation_id, f.team_id, f.unit, f.window_id, f.lenient,
      x.counted_in ? f.window_id::text AS counted,
      f.unit = 'MONEY' AND x.held_nanos IS NULL AND NOT f.allow_unpriced AS unpriced,
      CASE f.unit WHEN 'MONEY' THEN coalesce(x.held_nanos, 0) WHEN 'TOKENS' THEN x.held_tokens
        ELSE (NOT coalesce(x.requests_in ? f.budget_id, false))::int END AS need
    FROM wanted x JOIN found f USING (organisation_id, subject)
  ),
  locked AS MATERIALIZED (
    SELECT w.id AS window_id, w.limit_amount, w.settled, w.limit_amount - w.settled - w.held AS room
    FROM budget_windows w WHERE w.id IN (SELECT window_id FROM matched) ORDER BY w.id FOR UPDATE
  ),
  drawn AS MATERIALIZED (SELECT * FROM matched JOIN locked USING (window_id)),
  refused AS MATERIALIZED (SELECT * FROM drawn WHERE NOT lenient AND (unpriced OR need > room)),
  unopened AS MATERIALIZED (SELECT DISTINCT place, budget_id FROM matched WHERE window_id IS NULL),
  queued AS MATERIALIZED (
    SELECT *, unpriced OR sum(need) OVER (PARTITION BY window_id ORDER BY place) > room AS over
    FROM drawn WHERE place NOT IN (SELECT place FROM refused UNION ALL SELECT place FROM unopened)
  ),
  contested AS MATERIALIZED (SELECT DISTINCT place FROM queued WHERE over AND NOT lenient),
  holds AS (
    SELECT place, jsonb_agg(jsonb_build_object('window', window_id, 'unit', unit, 'amount', need)) AS budget_holds
    FROM queued GROUP BY place
  )`;

/**
 * Draws on the windows for what was `opened` (id), and tells once for each limit that a window had that it was too small
 * for something.
 */
export const DRAW_CTES = `
  draws AS (
    SELECT q.window_id, q.need, q.over FROM queued q JOIN input USING (place) JOIN opened USING (id)
    UNION ALL
    SELECT window_id, 0, true FROM refused WHERE NOT counted
  ),
  held AS (
    UPDATE budget_windows w
    SET held = w.held + d.need, exceeded = w.exceeded + d.exceeded, version = w.version + 1
    FROM (
      SELECT window_id, sum(need)::bigint AS need, count(*) FILTER (WHERE over) AS exceeded
      FROM draws GROUP BY window_id
    ) AS d
    WHERE w.id = d.window_id
  ),
  first_exceeded AS (
    SELECT DISTINCT ON (d.window_id) d.window_id, d.organisation_id, d.team_id, d.budget_id, d.unit,
      d.limit_amount, d.settled
    FROM drawn d WHERE d.window_id IN (SELECT window_id FROM draws WHERE over)
  ),
  raised AS (
    INSERT INTO alerts (organisation_id, team_id, kind, about, budget_id, detail)
    SELECT organisation_id, team_id, 'BUDGET_EXCEEDED', about, budget_id,
      jsonb_build_object('windowId', window_id::text, 'unit', unit, 'limit', limit_amount::text, 'settled', settled::text)
    FROM first_exceeded CROSS JOIN LATERAL (
      SELECT 'budget:' || window_id || ':' || limit_amount || ':exceeded' AS about
    ) AS named
    WHERE NOT EXISTS (SELECT FROM alerts a WHERE a.about = named.about)
    ON CONFLICT (about) DO NOTHING
    RETURNING id, organisation_id
  ),
  told AS (INSERT INTO outbox (organisation_id, kind, subject_id) SELECT organisation_id, 'ALERT_RAISED', id::text FROM raised)`;
