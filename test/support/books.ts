import { expect } from 'vitest';
import type { Database } from '../../src/db/database.ts';

/** Every attempt of every completion: those that ended before the last one, and the last one unless it is over. */
function attempts(sql: Database['sql']) {
  return sql`attempts AS (
    SELECT id, organisation_id, attempt, provider, price_id, cost_nanos, input_tokens + output_tokens AS tokens, budget_holds,
      hold_state = 'PENDING' AS pending, hold_state = 'EXPIRED' OR usage_source <> 'NONE' AS worked
    FROM completions WHERE NOT resting
    UNION ALL
    SELECT c.id, c.organisation_id, e.index, e.provider, e."priceId", e."costNanos",
      (e.usage ->> 'input')::bigint + (e.usage ->> 'output')::bigint, e."budgetHolds", false, e.counted
    FROM completions c CROSS JOIN LATERAL jsonb_to_recordset(c.earlier) AS e(index int, provider text, "priceId" text,
      "costNanos" bigint, usage jsonb, "budgetHolds" jsonb, counted boolean)
    UNION ALL
    SELECT id, organisation_id, h.attempt, h.provider, h."priceId", NULL, NULL, h."budgetHolds", true, false
    FROM completions CROSS JOIN LATERAL jsonb_to_record(hedge) AS h(attempt int, provider text, "priceId" text, "budgetHolds" jsonb)
    WHERE hedge IS NOT NULL
  )`;
}

/** What an auditor finds wrong, one line each; an empty list is what there must be. */
async function listFaults({ sql }: Database): Promise<string[]> {
  const faults = await sql<{ fault: string }[]>`
    WITH ${attempts(sql)}, moves AS (
      SELECT id, debit_account AS account, coalesce(amount_nanos, 0) AS change, debit_before AS before,
        debit_after AS after, debit_version AS version FROM ledger_entries
      UNION ALL
      SELECT id, credit_account, -coalesce(amount_nanos, 0), credit_before, credit_after, credit_version
      FROM ledger_entries
    ), chained AS (
      SELECT *, lag(after, 1, 0::bigint) OVER so_far AS expected_before,
        lag(version, 1, 0::bigint) OVER so_far + 1 AS expected_version
      FROM moves WINDOW so_far AS (PARTITION BY account ORDER BY version)
    ), sums AS (
      SELECT account, sum(change)::bigint AS balance, max(version) AS version FROM moves GROUP BY account
    )
    SELECT 'entry ' || id || ' does not follow the one before it on ' || account AS fault FROM chained
      WHERE before <> expected_before OR version <> expected_version OR after <> before + change
    UNION ALL
    SELECT 'account ' || a.id || ' is not the sum of its entries' FROM ledger_accounts a
      LEFT JOIN sums s ON s.account = a.id WHERE a.balance_nanos IS DISTINCT FROM s.balance OR a.version <> s.version
    UNION ALL
    SELECT 'all accounts together are ' || sum(balance_nanos) || ', not 0' FROM ledger_accounts HAVING sum(balance_nanos) <> 0
    UNION ALL
    SELECT 'attempt ' || a.attempt || ' of completion ' || a.id || ' has the entries ' || coalesce(string_agg(e.kind, ' ' ORDER BY e.id), 'none')
      FROM attempts a LEFT JOIN ledger_entries e
        ON e.completion_id = a.id AND e.attempt = a.attempt AND e.kind NOT IN ('ADJUST', 'CREDIT')
      GROUP BY a.id, a.attempt, a.pending
      HAVING coalesce(string_agg(e.kind, ' ' ORDER BY e.id), '') <> CASE WHEN a.pending THEN 'RESERVE' ELSE 'RESERVE RELEASE SETTLE' END
    UNION ALL
    SELECT 'completion ' || e.completion_id || ' has entries of an attempt ' || e.attempt || ' that is not there' FROM ledger_entries e
      WHERE e.kind NOT IN ('ADJUST', 'CREDIT')
        AND NOT EXISTS (SELECT FROM attempts a WHERE a.id = e.completion_id AND a.attempt = e.attempt)
    UNION ALL
    SELECT 'attempt ' || a.attempt || ' of completion ' || a.id || ' cost ' || coalesce(a.cost_nanos::text, 'null') || ' at ' || a.provider
        || ' and was booked with ' || coalesce(e.amount_nanos::text, 'null') || ' on ' || e.credit_account
      FROM attempts a JOIN ledger_entries e ON e.completion_id = a.id AND e.attempt = a.attempt AND e.kind = 'SETTLE'
      WHERE e.amount_nanos IS DISTINCT FROM a.cost_nanos OR e.price_id IS DISTINCT FROM a.price_id
        OR e.credit_account <> 'payable:' || a.organisation_id || ':' || a.provider
    UNION ALL
    SELECT 'completion ' || c.id || ' was announced ' || count(o.seq) || ' times' FROM completions c
      LEFT JOIN outbox o ON o.subject_id = c.id AND o.kind = 'COMPLETION_SETTLED'
      GROUP BY c.id, c.hold_state HAVING count(o.seq) <> CASE WHEN c.hold_state = 'PENDING' THEN 0 ELSE 1 END`;
  const all = [...faults, ...(await listBudgetFaults(sql)), ...(await listCorrectionFaults(sql))];
  return all.map(({ fault }) => fault);
}

/** Each correction says who made it and why, is audited once and announced once, and no completion comes to less than 0. */
async function listCorrectionFaults(sql: Database['sql']): Promise<{ fault: string }[]> {
  return sql<{ fault: string }[]>`
    WITH ${attempts(sql)}, corrections AS (
      SELECT id, completion_id, actor_key_id, note, CASE kind WHEN 'CREDIT' THEN -amount_nanos ELSE amount_nanos END AS change
      FROM ledger_entries WHERE kind IN ('ADJUST', 'CREDIT')
    )
    SELECT 'correction ' || id || ' does not say who made it and why' AS fault
      FROM corrections WHERE actor_key_id IS NULL OR coalesce(note, '') = ''
    UNION ALL
    SELECT 'correction ' || id || ' is audited ' || (SELECT count(*) FROM audit_events WHERE target_id = 'ent_' || corrections.id) || ' times'
      FROM corrections WHERE (SELECT count(*) FROM audit_events WHERE target_id = 'ent_' || corrections.id) <> 1
    UNION ALL
    SELECT 'correction ' || id || ' was not announced once' FROM corrections
      WHERE (SELECT count(*) FROM outbox WHERE kind = 'LEDGER_CORRECTED' AND subject_id = corrections.id::text) <> 1
    UNION ALL
    SELECT 'completion ' || c.id || ' comes to less than nothing' FROM completions c
      JOIN corrections x ON x.completion_id = c.id GROUP BY c.id, c.cost_nanos
      HAVING (SELECT sum(coalesce(a.cost_nanos, 0)) FROM attempts a WHERE a.id = c.id) + sum(x.change) < 0`;
}

/** A window holds what is pending on it and has settled what was used; corrections may move what is settled. */
async function listBudgetFaults(sql: Database['sql']): Promise<{ fault: string }[]> {
  return sql<{ fault: string }[]>`
    WITH ${attempts(sql)}, draws AS (
      SELECT h."window" AS id, sum(h.amount) FILTER (WHERE a.pending) AS held,
        sum(CASE h.unit WHEN 'MONEY' THEN coalesce(a.cost_nanos, 0) WHEN 'TOKENS' THEN a.tokens
          ELSE h.amount * a.worked::int END) FILTER (WHERE NOT a.pending) AS settled
      FROM attempts a CROSS JOIN LATERAL jsonb_to_recordset(a.budget_holds) AS h("window" bigint, unit text, amount bigint)
      GROUP BY h."window"
    ), corrected AS (SELECT DISTINCT organisation_id FROM ledger_entries WHERE kind IN ('ADJUST', 'CREDIT'))
    SELECT 'window ' || w.id || ' of ' || b.subject || ' holds ' || w.held || ' and not ' || coalesce(d.held, 0) AS fault
      FROM budget_windows w JOIN budgets b ON b.id = w.budget_id LEFT JOIN draws d ON d.id = w.id
      WHERE w.held <> coalesce(d.held, 0)
    UNION ALL
    SELECT 'window ' || w.id || ' of ' || b.subject || ' has settled ' || w.settled || ' and not ' || coalesce(d.settled, 0)
      FROM budget_windows w JOIN budgets b ON b.id = w.budget_id LEFT JOIN draws d ON d.id = w.id
      WHERE w.settled <> coalesce(d.settled, 0) AND b.organisation_id NOT IN (SELECT organisation_id FROM corrected)`;
}

/** The journal, the accounts, the completions and the outbox all say the same. */
export async function expectBooksToBalance(database: Database): Promise<void> {
  expect(await listFaults(database)).toEqual([]);
}

/** Nothing is held and nothing runs any more; waits a little for what is just ending. */
export async function expectNothingHeld(database: Database, withinMs = 10_000): Promise<void> {
  const readHeld = () =>
    database.sql<
      { id: string }[]
    >`SELECT id FROM completions WHERE hold_state = 'PENDING' OR status = 'RUNNING'`;
  const deadline = Date.now() + withinMs;
  let held = await readHeld();
  while (held.length > 0 && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    held = await readHeld();
  }
  expect(held.map(({ id }) => id)).toEqual([]);
}
