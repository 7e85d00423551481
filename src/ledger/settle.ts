import type { Sql } from 'postgres';
import { toJsonParameter } from '../db/json.ts';
import type { StoredOutcome } from '../db/tables/completions.ts';
import type { Attempt, Outcome } from '../domain/completion.ts';
import type { PromptRecording } from '../domain/prompt.ts';
import { POSTING_CTES } from './budgets/posting.ts';
import type { ExpiredHold } from './holds.ts';
import { JOURNAL_CTES } from './journal.ts';

/** How a completion ended. */
export interface Settlement {
  completionId: string;
  /** Its usage and cost are those of the last attempt: the ones before are booked already. */
  outcome: Outcome;
  /**
   * Set by recovery only: settle it although its process still seems to hold it, but only once the hold ran out, and only
   * if it is where it was then.
   */
  expired?: Pick<ExpiredHold, 'attempt' | 'resting'>;
  /** The completion was hedged. What may still be under way beside its last attempt ended so, or did nothing. */
  hedge?: Pick<Attempt, 'usage' | 'costNanos'> & Partial<Attempt>;
  /** What is kept of that which its prompt was given. */
  recording?: PromptRecording | undefined;
}

/** How an attempt ended that is not the last one. */
export interface EndedAttempt {
  completionId: string;
  ended: Attempt;
}

const WAS_ENDED = (attempt: string, hedged: string) => `coalesce(c.earlier, '[]') || jsonb_build_array(
        ${attempt} || jsonb_build_object('counted', x.hold_state <> 'VOIDED' OR ${hedged}))`;
const OF_ROW = `jsonb_build_object('provider', c.provider, 'model', c.model, 'priceId', c.price_id,
        'budgetHolds', coalesce(c.budget_holds, '[]'))`;
const OF_HEDGE = `jsonb_build_object('index', c.hedge -> 'attempt', 'provider', c.hedge -> 'provider', 'model', c.hedge -> 'model',
        'priceId', c.hedge -> 'priceId', 'budgetHolds', c.hedge -> 'budgetHolds')`;
const HEDGE_WAS = `ours.hedge ->> 'provider' AS provider, (ours.hedge ->> 'heldNanos')::bigint AS held_nanos`;

/**
 * The row goes on: what was booked for the attempt moves to the earlier ones. What is under way beside it takes its place;
 * without that nothing is held until the next one. Beside it a budget of requests counts the row's own attempt in any case,
 * so that the other one need not.
 */
const ENDED_CTES = `
  ended AS (
    UPDATE completions c SET earlier = ${WAS_ENDED(`x.ended || ${OF_ROW}`, 'c.hedge IS NOT NULL')},
      resting = c.hedge IS NULL, hedge = NULL, attempt = coalesce((c.hedge ->> 'attempt')::int, c.attempt),
      provider = coalesce(c.hedge ->> 'provider', c.provider), model = coalesce(c.hedge ->> 'model', c.model),
      price_id = CASE WHEN c.hedge IS NULL THEN c.price_id ELSE c.hedge ->> 'priceId' END,
      held_nanos = CASE WHEN c.hedge IS NULL THEN c.held_nanos ELSE (c.hedge ->> 'heldNanos')::bigint END,
      budget_holds = CASE WHEN c.hedge IS NULL THEN c.budget_holds ELSE c.hedge -> 'budgetHolds' END,
      estimated_input_tokens = coalesce((c.hedge ->> 'estimatedInputTokens')::int, c.estimated_input_tokens),
      seen_output_tokens = coalesce((c.hedge ->> 'seenOutputTokens')::int, 0)
    FROM ours JOIN input x USING (id)
    WHERE c.id = ours.id AND c.hold_state = 'PENDING' AND x.ended IS NOT NULL AND c.attempt = x.at_attempt AND NOT c.resting
    RETURNING x.place, c.id, c.organisation_id, c.team_id, c.key_id, ours.provider, ours.held_nanos, x.cost_nanos,
      now() AS finished_at, ours.price_id, ours.budget_holds,
      CASE WHEN ours.hedge IS NULL THEN x.hold_state ELSE 'POSTED' END AS hold_state,
      x.input_tokens + x.output_tokens AS used_tokens, ours.attempt, true AS books
  ),
  ended_beside AS (
    UPDATE completions c SET earlier = ${WAS_ENDED(`x.ended || ${OF_HEDGE}`, 'false')}, hedge = NULL
    FROM ours JOIN input x USING (id)
    WHERE c.id = ours.id AND c.hold_state = 'PENDING' AND x.ended IS NOT NULL AND (c.hedge ->> 'attempt')::int = x.at_attempt
    RETURNING x.place, c.id, c.organisation_id, c.team_id, c.key_id, ${HEDGE_WAS}, x.cost_nanos,
      now() AS finished_at, ours.hedge ->> 'priceId' AS price_id, ours.hedge -> 'budgetHolds' AS budget_holds, x.hold_state,
      x.input_tokens + x.output_tokens AS used_tokens, (ours.hedge ->> 'attempt')::int AS attempt, true AS books
  ),`;

/** What was under way beside the last attempt is over with it. */
const FINISHED_BESIDE_CTE = `
  finished_beside AS (
    SELECT f.place, f.id, f.organisation_id, f.team_id, f.key_id, ${HEDGE_WAS}, (x.hedge ->> 'costNanos')::bigint AS cost_nanos,
      f.finished_at, ours.hedge ->> 'priceId' AS price_id, ours.hedge -> 'budgetHolds' AS budget_holds,
      CASE x.hedge -> 'usage' ->> 'source' WHEN 'NONE' THEN 'VOIDED' ELSE 'POSTED' END AS hold_state,
      (x.hedge -> 'usage' ->> 'input')::bigint + (x.hedge -> 'usage' ->> 'output')::bigint AS used_tokens,
      (ours.hedge ->> 'attempt')::int AS attempt, true AS books
    FROM finished f JOIN ours USING (id) JOIN input x USING (place) WHERE ours.hedge IS NOT NULL
  ),`;

const FINISH_HEDGE = `hedge = NULL, earlier = CASE WHEN c.hedge IS NULL THEN c.earlier ELSE coalesce(c.earlier, '[]')
        || jsonb_build_array(x.hedge || ${OF_HEDGE}
          || jsonb_build_object('counted', x.hedge -> 'usage' ->> 'source' <> 'NONE')) END,`;

/** Nothing is kept of what began before an organisation took back that it agreed to it. */
const RECORDED_CTE = `
  recorded AS (
    INSERT INTO prompt_recordings (completion_id, organisation_id, prompt_id, variables, withheld, created_at)
    SELECT f.id, f.organisation_id, x.recording ->> 'promptId', x.recording -> 'variables', x.recording -> 'withheld', f.finished_at
    FROM finished f JOIN input x USING (place) JOIN organisations o ON o.id = f.organisation_id
    WHERE x.recording IS NOT NULL AND o.record_prompts_days IS NOT NULL
  ),`;

/**
 * @param goOn whether attempts are among them that others follow. Most statements have none, and are spared their part: a
 * condition that tells the two apart lets the planner expect a single row, and a third more time go by.
 * @param records whether something is to be kept of what a prompt was given; most are spared that part too.
 */
const settleStatement = (goOn: boolean, records: boolean) => `
  WITH input AS (
    SELECT * FROM jsonb_to_recordset($1::text::jsonb) AS x(place int, id text, ended jsonb, hedge jsonb, recording jsonb,
      at_attempt int, at_rest boolean, status text, finish_reason text, outcome jsonb,
      input_tokens bigint, output_tokens bigint, cache_read_tokens bigint, cache_write_tokens bigint,
      reasoning_tokens bigint, usage_source text, cost_nanos bigint, total_ms int, first_token_ms int,
      hold_state text)
  ),
  -- Heartbeats and the recovery of other instances take the same rows: in one order nobody waits in a circle.
  ours AS MATERIALIZED (
    SELECT id ${goOn ? ', hedge, attempt, provider, held_nanos, price_id, budget_holds' : ''} FROM completions
    WHERE id IN (SELECT id FROM input) AND hold_state = 'PENDING' ORDER BY id FOR UPDATE
  ),
  ${goOn ? ENDED_CTES : ''}
  finished AS (
    UPDATE completions c SET status = x.status, finish_reason = x.finish_reason, outcome = x.outcome,
      input_tokens = x.input_tokens, output_tokens = x.output_tokens, cache_read_tokens = x.cache_read_tokens,
      cache_write_tokens = x.cache_write_tokens, reasoning_tokens = x.reasoning_tokens,
      usage_source = x.usage_source, cost_nanos = x.cost_nanos, total_ms = x.total_ms,
      first_token_ms = x.first_token_ms, finished_at = now(),
      ${goOn ? FINISH_HEDGE : ''}
      hold_state = CASE WHEN x.hold_state = 'VOIDED' AND c.earlier @? '$[*] ? (@.usage.source != "NONE")'
        THEN 'POSTED' ELSE x.hold_state END
    FROM ours JOIN input x USING (id)
    WHERE c.id = ours.id AND c.hold_state = 'PENDING' ${goOn ? 'AND x.ended IS NULL AND (c.hedge IS NULL OR x.hedge IS NOT NULL)' : 'AND c.hedge IS NULL'} AND (x.hold_state <> 'EXPIRED'
      OR c.hold_expires_at < now() AND c.attempt = x.at_attempt AND c.resting = x.at_rest)
    RETURNING x.place, c.id, c.organisation_id, c.team_id, c.key_id, c.provider, c.held_nanos, c.cost_nanos, c.finished_at,
      c.price_id, c.budget_holds, x.hold_state, c.input_tokens + c.output_tokens AS used_tokens,
      c.attempt, NOT c.resting AS books
  ),
  ${goOn ? FINISHED_BESIDE_CTE : ''}
  ${records ? RECORDED_CTE : ''}
  each AS (TABLE finished ${goOn ? 'UNION ALL TABLE ended UNION ALL TABLE ended_beside' : ''}),
  closed AS (SELECT * FROM each WHERE books ${goOn ? 'UNION ALL TABLE finished_beside' : ''}),
  ${POSTING_CTES},
  lines AS (
    SELECT organisation_id, team_id, key_id, id AS completion_id, attempt, 'RELEASE' AS kind, held_nanos AS amount_nanos,
      'open:' || team_id AS debit, 'held:' || team_id AS credit, price_id, NULL AS actor_key_id, NULL AS note
    FROM closed, windows_first
    UNION ALL
    SELECT organisation_id, team_id, key_id, id, attempt, 'SETTLE', cost_nanos,
      'spent:' || team_id, 'payable:' || organisation_id || ':' || provider, price_id, NULL, NULL
    FROM closed, windows_first
  ),
  ${JOURNAL_CTES},
  announced AS (
    INSERT INTO outbox (organisation_id, kind, subject_id)
    SELECT organisation_id, 'COMPLETION_SETTLED', id FROM finished
    UNION ALL
    SELECT organisation_id, 'ALERT_RAISED', id::text FROM raised
  )
  SELECT place, extract(epoch FROM finished_at)::float8 * 1000 AS finished_at_ms FROM each`;

const SETTLE = settleStatement(false, false);
const SETTLE_AND_RECORD = settleStatement(false, true);
const SETTLE_AND_GO_ON = settleStatement(true, false);
const SETTLE_RECORD_AND_GO_ON = settleStatement(true, true);

/**
 * Settles completions, and attempts that others follow, all in one statement: the hold is released, the cost booked, and
 * of a completion the row closed and the event written, or nothing is. Conditional on the hold being pending, so that it
 * happens at most once.
 * @returns for each when it was finished, or undefined when it had been settled before (by recovery, say).
 */
export async function settleAll(
  sql: Sql,
  settlements: (Settlement | EndedAttempt)[],
): Promise<(Date | undefined)[]> {
  const rows = toJsonParameter(settlements.map(toRow));
  const closed = await sql.unsafe<{ place: number; finished_at_ms: number }[]>(
    statementFor(settlements),
    [rows],
    { prepare: true },
  );
  const finishedAt = new Map(closed.map((row) => [row.place, new Date(row.finished_at_ms)]));
  // By place and not by id: of two settlements of one completion in a group only one has been taken.
  return settlements.map((_settlement, place) => finishedAt.get(place));
}

function statementFor(settlements: readonly (Settlement | EndedAttempt)[]): string {
  const goOn = settlements.some((each) => 'ended' in each || each.hedge);
  const records = settlements.some((each) => 'recording' in each && each.recording);
  if (records) return goOn ? SETTLE_RECORD_AND_GO_ON : SETTLE_AND_RECORD;
  return goOn ? SETTLE_AND_GO_ON : SETTLE;
}

function toRow(settlement: Settlement | EndedAttempt, place: number) {
  const { completionId: id } = settlement;
  return 'ended' in settlement
    ? { place, id, ...ofAttempt(settlement.ended) }
    : { place, id, ...ofCompletion(settlement) };
}

function ofAttempt(ended: Attempt) {
  const { index, usage, costNanos } = ended;
  return {
    at_attempt: index,
    ended: toStored(ended),
    ...booked({ usage, costNanos }),
  };
}

function toStored({ costNanos, ...attempt }: Pick<Attempt, 'costNanos'>) {
  return { ...attempt, costNanos: costNanos?.toString() ?? null };
}

/** Of an attempt that nobody has seen the end of. */
const NO_CALL = { status: 'CANCELLED', errorType: 'CANCELLED', latencyMs: 0 } as const;

function ofCompletion({ outcome, expired, hedge, recording }: Settlement) {
  const { parts, toolCalls, object, failure, route, warnings, queueMs } = outcome;
  const attempts = outcome.attempts.map(({ usage: _usage, costNanos: _cost, ...attempt }) => attempt);
  const stored: StoredOutcome = { parts, toolCalls, object, failure, attempts, route, warnings, queueMs };
  return {
    status: outcome.status,
    finish_reason: outcome.finishReason,
    outcome: stored,
    total_ms: outcome.totalMs,
    first_token_ms: outcome.firstTokenMs,
    ...(hedge && { hedge: toStored({ ...NO_CALL, ...hedge }) }),
    ...booked(outcome),
    ...(recording && { recording }),
    ...(expired && { hold_state: 'EXPIRED', at_attempt: expired.attempt, at_rest: expired.resting }),
  };
}

function booked({ usage, costNanos }: Pick<Outcome, 'usage' | 'costNanos'>) {
  return {
    input_tokens: usage.input,
    output_tokens: usage.output,
    cache_read_tokens: usage.cacheRead,
    cache_write_tokens: usage.cacheWrite,
    reasoning_tokens: usage.reasoning,
    usage_source: usage.source,
    cost_nanos: costNanos?.toString(),
    hold_state: usage.source === 'NONE' ? 'VOIDED' : 'POSTED',
  };
}
