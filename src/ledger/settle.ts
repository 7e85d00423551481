import type { Sql } from 'postgres';
import { toJsonParameter } from '../db/json.ts';
import type { StoredOutcome } from '../db/tables/completions.ts';
import type { Outcome } from '../domain/completion.ts';
import { POSTING_CTES } from './budgets/posting.ts';
import { JOURNAL_CTES } from './journal.ts';

/** How a completion ended. */
export interface Settlement {
  completionId: string;
  outcome: Outcome;
  /** Set by recovery only: settle it although its process still seems to hold it, but only once the hold ran out. */
  expired?: boolean;
}

const SETTLE = `
  WITH input AS (
    SELECT * FROM jsonb_to_recordset($1::text::jsonb) AS x(place int, id text, status text, finish_reason text, outcome jsonb,
      input_tokens bigint, output_tokens bigint, cache_read_tokens bigint, cache_write_tokens bigint,
      reasoning_tokens bigint, usage_source text, cost_nanos bigint, total_ms int, first_token_ms int,
      hold_state text)
  ),
  -- Heartbeats and the recovery of other instances take the same rows: in one order nobody waits in a circle.
  ours AS MATERIALIZED (
    SELECT id FROM completions WHERE id IN (SELECT id FROM input) AND hold_state = 'PENDING' ORDER BY id FOR UPDATE
  ),
  closed AS (
    UPDATE completions c SET status = x.status, finish_reason = x.finish_reason, outcome = x.outcome,
      input_tokens = x.input_tokens, output_tokens = x.output_tokens, cache_read_tokens = x.cache_read_tokens,
      cache_write_tokens = x.cache_write_tokens, reasoning_tokens = x.reasoning_tokens,
      usage_source = x.usage_source, cost_nanos = x.cost_nanos, total_ms = x.total_ms,
      first_token_ms = x.first_token_ms, hold_state = x.hold_state, finished_at = now()
    FROM ours JOIN input x USING (id)
    WHERE c.id = ours.id AND c.hold_state = 'PENDING' AND (x.hold_state <> 'EXPIRED' OR c.hold_expires_at < now())
    RETURNING x.place, c.id, c.organisation_id, c.team_id, c.key_id, c.provider, c.held_nanos, c.cost_nanos, c.finished_at,
      c.price_id, c.budget_holds, c.hold_state, c.input_tokens + c.output_tokens AS used_tokens
  ),
  ${POSTING_CTES},
  lines AS (
    SELECT organisation_id, team_id, key_id, id AS completion_id, 'RELEASE' AS kind, held_nanos AS amount_nanos,
      'open:' || team_id AS debit, 'held:' || team_id AS credit, price_id, NULL AS actor_key_id, NULL AS note
    FROM closed, windows_first
    UNION ALL
    SELECT organisation_id, team_id, key_id, id, 'SETTLE', cost_nanos,
      'spent:' || team_id, 'payable:' || organisation_id || ':' || provider, price_id, NULL, NULL
    FROM closed, windows_first
  ),
  ${JOURNAL_CTES},
  announced AS (
    INSERT INTO outbox (organisation_id, kind, subject_id)
    SELECT organisation_id, 'COMPLETION_SETTLED', id FROM closed
    UNION ALL
    SELECT organisation_id, 'ALERT_RAISED', id::text FROM raised
  )
  SELECT place, extract(epoch FROM finished_at)::float8 * 1000 AS finished_at_ms FROM closed`;

/**
 * Settles completions, all in one statement: the row is closed, the hold released, the cost booked and the event
 * written, or nothing is. Conditional on the hold being pending, so that it happens at most once.
 * @returns for each when it was finished, or undefined when it had been settled before (by recovery, say).
 */
export async function settleAll(sql: Sql, settlements: Settlement[]): Promise<(Date | undefined)[]> {
  const rows = toJsonParameter(settlements.map(toRow));
  const closed = await sql.unsafe<{ place: number; finished_at_ms: number }[]>(SETTLE, [rows], {
    prepare: true,
  });
  const finishedAt = new Map(closed.map((row) => [row.place, new Date(row.finished_at_ms)]));
  // By place and not by id: of two settlements of one completion in a group only one has been taken.
  return settlements.map((_settlement, place) => finishedAt.get(place));
}

function toRow({ completionId, outcome, expired }: Settlement, place: number) {
  const { parts, toolCalls, object, failure, attempts, warnings, queueMs, usage } = outcome;
  const stored: StoredOutcome = { parts, toolCalls, object, failure, attempts, warnings, queueMs };
  const worked = usage.source !== 'NONE';
  return {
    place,
    id: completionId,
    status: outcome.status,
    finish_reason: outcome.finishReason,
    outcome: stored,
    input_tokens: usage.input,
    output_tokens: usage.output,
    cache_read_tokens: usage.cacheRead,
    cache_write_tokens: usage.cacheWrite,
    reasoning_tokens: usage.reasoning,
    usage_source: usage.source,
    cost_nanos: outcome.costNanos?.toString(),
    total_ms: outcome.totalMs,
    first_token_ms: outcome.firstTokenMs,
    hold_state: expired ? 'EXPIRED' : worked ? 'POSTED' : 'VOIDED',
  };
}
