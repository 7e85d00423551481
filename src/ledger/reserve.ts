import type { Sql } from 'postgres';
import { toJsonParameter } from '../db/json.ts';
import type { Completion } from '../domain/completion.ts';
import type { Price } from '../domain/model.ts';
import type { RecordedFacts } from '../domain/recorded-facts.ts';
import { ADMISSION_CTES, DRAW_CTES } from './budgets/admission.ts';
import { subjectsOf } from './budgets/subjects.ts';
import { openWindows } from './budgets/windows.ts';
import { JOURNAL_CTES } from './journal.ts';
import { toPriceRow } from './price-json.ts';

/** What is asked for before a vendor may be called. */
export interface Reservation {
  /** With the model that is called. */
  completion: Completion;
  /** From 0 on. Of a further one the completion is there, and rests. */
  attempt?: number;
  /** Of a further one: it begins beside the one that is under way, and does not follow it. */
  hedges?: boolean;
  /** Undefined when none is known. */
  price: Price | undefined;
  /** Most that the call can come to. */
  worstCase: {
    /** Nano-USD; undefined when the price is unknown. */
    nanos: bigint | undefined;
    /** In and out together. */
    tokens: number;
  };
  estimatedInputTokens: number;
  /** Of the first attempt: what is kept of the request. */
  facts?: RecordedFacts | undefined;
  /** Ids of windows that have counted it already as something that did not fit; they count it once. */
  countedIn?: readonly string[];
}

/** A budget that an ask does not fit into. */
export interface Refusal {
  budgetId: string;
  windowId: string;
  /** What was asked for in the budget's unit; undefined for money of an unknown price. */
  need: bigint | undefined;
  /** What was left; below zero where the limit was lowered. */
  room: bigint;
}

/** What became of a reservation. */
export type Decision =
  | { kind: 'OPENED'; budgeted: boolean }
  | { kind: 'KEY_USED' }
  /** Of a further attempt only: the completion does not wait for it any more. */
  | { kind: 'OVER' }
  | { kind: 'REFUSED'; refusals: Refusal[] };

/** `AGAIN`: nothing was decided, because others of the same statement came before; ask once more. */
type Verdict = Decision | { kind: 'AGAIN' };

const KEY_IS_FREE = `a.idempotency_key IS NULL OR NOT EXISTS (
      SELECT FROM completions c WHERE c.key_id = a.key_id AND c.idempotency_key = a.idempotency_key)`;

const INPUT_OF_NEW = `SELECT a.*, NULL::jsonb AS requests_in FROM asked a WHERE ${KEY_IS_FREE}`;

const OURS_CTE = `
  -- Rows before windows, in one order, as settlements take them.
  ours AS MATERIALIZED (
    SELECT id, resting, hedge, budget_holds, coalesce(earlier, '[]') AS earlier FROM completions
    WHERE id IN (SELECT id FROM asked WHERE attempt > 0) AND hold_state = 'PENDING' ORDER BY id FOR UPDATE
  ),`;

const INPUT_OF_BOTH = `SELECT a.*, CASE WHEN a.attempt > 0 THEN (
        SELECT jsonb_agg(w.budget_id) FROM (
          SELECT e -> 'budgetHolds' AS holds FROM jsonb_array_elements(ours.earlier) AS e WHERE e ->> 'counted' = 'true'
          UNION ALL SELECT ours.budget_holds WHERE a.hedges
        ) AS counting
        CROSS JOIN LATERAL jsonb_to_recordset(counting.holds) AS h("window" bigint, unit text)
        JOIN budget_windows w ON w.id = h."window"
        WHERE h.unit = 'REQUESTS'
      ) END AS requests_in
    FROM asked a LEFT JOIN ours USING (id)
    WHERE CASE
      WHEN a.hedges THEN NOT ours.resting AND ours.hedge IS NULL AND jsonb_array_length(ours.earlier) + 1 = a.attempt
      WHEN a.attempt > 0 THEN ours.resting AND jsonb_array_length(ours.earlier) = a.attempt
      ELSE ${KEY_IS_FREE} END`;

const RESUMED_CTE = `
  resumed AS (
    UPDATE completions c SET provider = x.provider, model = x.model, price_id = x.price_id, held_nanos = x.held_nanos,
      budget_holds = x.budget_holds, estimated_input_tokens = x.estimated_input_tokens, seen_output_tokens = 0,
      attempt = x.attempt, resting = false, hold_expires_at = now() + $2::int * interval '1 ms'
    FROM ours JOIN let_through x USING (id)
    WHERE c.id = ours.id AND c.hold_state = 'PENDING' AND c.resting AND NOT x.hedges
    RETURNING c.id, c.organisation_id, c.team_id, c.key_id, c.held_nanos, c.price_id, c.attempt
  ),
  hedged AS (
    UPDATE completions c SET hedge = jsonb_build_object('attempt', x.attempt, 'provider', x.provider, 'model', x.model,
      'priceId', x.price_id, 'heldNanos', x.held_nanos, 'budgetHolds', coalesce(x.budget_holds, '[]'),
      'estimatedInputTokens', x.estimated_input_tokens, 'seenOutputTokens', 0)
    FROM ours JOIN let_through x USING (id)
    WHERE c.id = ours.id AND c.hold_state = 'PENDING' AND x.hedges
    RETURNING c.id, c.organisation_id, c.team_id, c.key_id, x.held_nanos, x.price_id, x.attempt
  ),`;

/**
 * @param further whether further attempts are among them. Most statements have none, and are spared their part: a condition
 * that tells the two apart lets the planner expect a single row, and a fifth more time go by.
 */
const reserveStatement = (further: boolean) => `
  WITH asked AS (
    SELECT * FROM jsonb_to_recordset($1::text::jsonb) AS x(place int, id text, attempt int, hedges boolean, organisation_id text, team_id text, key_id text,
      idempotency_key text, ask_hash text, requested_model text, provider text, model text, tags jsonb,
      end_user_id text, trace_id text, created_at timestamptz, held_nanos bigint, held_tokens bigint,
      estimated_input_tokens int, price_id text, facts jsonb, subjects jsonb, counted_in jsonb, origin text, shadow_of text,
      prompt_id text, prompt_version_id text, trial_id text, trial_arm text)
  ),
${further ? OURS_CTE : ''}
  -- The insert below would find a used key too. But it would wait for whoever settles that completion at the moment, who
  -- in turn may wait for the windows that are locked here.
  input AS MATERIALIZED (
    ${further ? INPUT_OF_BOTH : INPUT_OF_NEW}
  ),
  priced AS (
    INSERT INTO prices (id, organisation_id, provider, model, rates, source, effective_from)
    SELECT * FROM jsonb_to_recordset($4::text::jsonb)
      AS x(id text, organisation_id text, provider text, model text, rates jsonb, source text, effective_from timestamptz)
    ORDER BY id
    ON CONFLICT (id) DO NOTHING
  ),
  ${ADMISSION_CTES},
  let_through AS (
    SELECT * FROM input LEFT JOIN holds USING (place)
    WHERE place NOT IN (
      SELECT place FROM refused UNION ALL SELECT place FROM unopened UNION ALL SELECT place FROM contested)
  ),
  begun AS (
    INSERT INTO completions (id, organisation_id, team_id, key_id, idempotency_key, ask_hash, requested_model,
      provider, model, tags, end_user_id, trace_id, created_at, held_nanos, estimated_input_tokens, price_id,
      budget_holds, facts, prompt_id, prompt_version_id, trial_id, trial_arm, status, hold_state, hold_expires_at, instance_id, origin, shadow_of)
    SELECT x.id, x.organisation_id, x.team_id, x.key_id, x.idempotency_key, x.ask_hash, x.requested_model,
      x.provider, x.model, x.tags, x.end_user_id, x.trace_id, x.created_at, x.held_nanos, x.estimated_input_tokens,
      x.price_id, x.budget_holds, x.facts, x.prompt_id, x.prompt_version_id, x.trial_id, x.trial_arm, 'RUNNING', 'PENDING',
      now() + $2::int * interval '1 ms', $3, x.origin, x.shadow_of
    FROM let_through x ${further ? 'WHERE x.attempt = 0' : ''}
    -- Two instances with the same keys in their batches must not wait for each other in a circle.
    ORDER BY x.key_id, x.idempotency_key
    ON CONFLICT (key_id, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING
    RETURNING id, organisation_id, team_id, key_id, held_nanos, price_id, attempt
  ),
${further ? RESUMED_CTE : ''}
  opened AS (TABLE begun ${further ? 'UNION ALL TABLE resumed UNION ALL TABLE hedged' : ''}),
  ${DRAW_CTES},
  lines AS (
    SELECT organisation_id, team_id, key_id, id AS completion_id, attempt, 'RESERVE' AS kind, held_nanos AS amount_nanos,
      'held:' || team_id AS debit, 'open:' || team_id AS credit, price_id, NULL AS actor_key_id, NULL AS note
    FROM opened
  ),
  ${JOURNAL_CTES}
  SELECT x.place, opened.id IS NOT NULL AS opened, holds.place IS NOT NULL AS budgeted,
    contested.place IS NOT NULL AS contested,
    (SELECT jsonb_agg(budget_id) FROM unopened u WHERE u.place = x.place) AS unopened,
    (SELECT jsonb_agg(jsonb_build_object('budgetId', budget_id, 'windowId', window_id::text,
      'need', CASE WHEN NOT unpriced THEN need::text END, 'room', room::text)) FROM refused r WHERE r.place = x.place) AS refusals
  FROM asked x LEFT JOIN opened USING (id) LEFT JOIN holds ON holds.place = x.place
    LEFT JOIN contested ON contested.place = x.place`;

const RESERVE = reserveStatement(false);
const RESERVE_FURTHER = reserveStatement(true);

interface VerdictRow {
  place: number;
  opened: boolean;
  budgeted: boolean;
  contested: boolean;
  unopened: string[] | null;
  refusals: { budgetId: string; windowId: string; need: string | null; room: string }[] | null;
}

/**
 * Opens completions with their holds, as far as they fit into their budgets, all in one statement: for each either
 * everything is held, in the journal and in every budget that it meets, or nothing is.
 * @param knownPrices ids of the prices that are stored for sure; gains those stored here.
 */
export async function reserveAll(
  sql: Sql,
  reservations: Reservation[],
  hold: { ms: number; instanceId: string },
  knownPrices: Set<string>,
): Promise<Verdict[]> {
  const rows = toJsonParameter(reservations.map(toRow));
  const newPrices = reservations.flatMap(({ price }) => (price && !knownPrices.has(price.id) ? [price] : []));
  const priceRows = toJsonParameter([
    ...new Map(newPrices.map((price) => [price.id, toPriceRow(price)])).values(),
  ]);
  const statement = reservations.some(({ attempt }) => attempt) ? RESERVE_FURTHER : RESERVE;
  const found = await sql.unsafe<VerdictRow[]>(statement, [rows, hold.ms, hold.instanceId, priceRows], {
    prepare: true,
  });
  for (const { id } of newPrices) knownPrices.add(id);
  const unopened = new Set(found.flatMap((row) => row.unopened ?? []));
  if (unopened.size > 0) await openWindows(sql, [...unopened]);
  const verdicts = new Map(found.map((row) => [row.place, toVerdict(row, reservations[row.place]!)]));
  return reservations.map((_reservation, place) => verdicts.get(place) ?? { kind: 'AGAIN' });
}

function toVerdict(
  { opened, budgeted, contested, unopened, refusals }: VerdictRow,
  { attempt = 0 }: Reservation,
): Verdict {
  if (opened) return { kind: 'OPENED', budgeted };
  // Before anything else: asked again it would be refused, and counted, a second time.
  if (refusals) return refuse(refusals);
  if (unopened || contested) return { kind: 'AGAIN' };
  return { kind: attempt > 0 ? 'OVER' : 'KEY_USED' };
}

function refuse(refusals: NonNullable<VerdictRow['refusals']>): Decision {
  return {
    kind: 'REFUSED',
    refusals: refusals.map(({ budgetId, windowId, need, room }) => ({
      budgetId,
      windowId,
      need: need === null ? undefined : BigInt(need),
      room: BigInt(room),
    })),
  };
}

function toRow(reservation: Reservation, place: number) {
  const {
    completion,
    attempt = 0,
    hedges = false,
    price,
    worstCase,
    estimatedInputTokens,
    facts,
    countedIn = [],
  } = reservation;
  return {
    place,
    id: completion.id,
    attempt,
    hedges,
    organisation_id: completion.organisationId,
    team_id: completion.teamId,
    key_id: completion.keyId,
    idempotency_key: completion.idempotencyKey,
    ask_hash: completion.askHash,
    requested_model: completion.requestedModel,
    provider: completion.provider,
    model: completion.model,
    tags: completion.tags,
    end_user_id: completion.endUserId,
    trace_id: completion.traceId,
    created_at: completion.createdAt,
    held_nanos: worstCase.nanos?.toString(),
    held_tokens: worstCase.tokens,
    estimated_input_tokens: estimatedInputTokens,
    price_id: price?.id,
    facts,
    subjects: subjectsOf(completion),
    counted_in: countedIn,
    origin: completion.origin,
    shadow_of: completion.shadowOf,
    prompt_id: completion.promptUse?.promptId,
    prompt_version_id: completion.promptUse?.versionId,
    trial_id: completion.trial?.trialId,
    trial_arm: completion.trial?.arm,
  };
}
