/**
 * The SQL that moves money, as the tail of a statement whose CTE `lines` says what to move:
 * (organisation_id, team_id, key_id, completion_id, attempt, kind, amount_nanos, debit, credit, price_id, actor_key_id,
 * note).
 *
 * One statement does it all, so it is one transaction and one round trip whatever the size of the batch.
 * `accounts` takes the row locks in the order of the ids, which is how two instances never wait for each other in
 * a circle. Every entry gets the balance and version before and after it, counted back from the account's new state.
 */
export const JOURNAL_CTES = `
  numbered AS (SELECT *, row_number() OVER (ORDER BY completion_id, attempt, kind) AS line FROM lines),
  movements AS (
    SELECT line, organisation_id, debit AS account, coalesce(amount_nanos, 0) AS change FROM numbered
    UNION ALL
    SELECT line, organisation_id, credit, -coalesce(amount_nanos, 0) FROM numbered
  ),
  totals AS (
    SELECT account, organisation_id, sum(change)::bigint AS change, count(*) AS moves
    FROM movements GROUP BY account, organisation_id
  ),
  accounts AS (
    INSERT INTO ledger_accounts AS a (id, organisation_id, balance_nanos, version)
    SELECT account, organisation_id, change, moves FROM totals ORDER BY account
    ON CONFLICT (id) DO UPDATE
      SET balance_nanos = a.balance_nanos + excluded.balance_nanos, version = a.version + excluded.version
    RETURNING id, balance_nanos, version
  ),
  running AS (
    SELECT m.line, m.account, m.change,
      a.balance_nanos - t.change + sum(m.change) OVER so_far AS after,
      a.version - t.moves + count(*) OVER so_far AS version
    FROM movements m JOIN totals t USING (account) JOIN accounts a ON a.id = m.account
    WINDOW so_far AS (PARTITION BY m.account ORDER BY m.line ROWS UNBOUNDED PRECEDING)
  ),
  entries AS (
    INSERT INTO ledger_entries (organisation_id, team_id, key_id, completion_id, attempt, kind, amount_nanos,
      price_id, actor_key_id, note, debit_account, debit_before, debit_after, debit_version,
      credit_account, credit_before, credit_after, credit_version)
    SELECT n.organisation_id, n.team_id, n.key_id, n.completion_id, n.attempt, n.kind, n.amount_nanos,
      n.price_id, n.actor_key_id, n.note, d.account, d.after - d.change, d.after, d.version,
      c.account, c.after - c.change, c.after, c.version
    FROM numbered n
    JOIN running d ON d.line = n.line AND d.account = n.debit
    JOIN running c ON c.line = n.line AND c.account = n.credit
    ORDER BY n.line
    RETURNING id, organisation_id
  )`;
