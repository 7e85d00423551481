import type { Sql } from 'postgres';
import { toJsonParameter } from '../db/json.ts';
import { toStoredPrice } from './price-json.ts';
import type { Completion } from '../domain/completion.ts';
import { JOURNAL_CTES } from './journal.ts';

/** What is asked for before a vendor may be called. */
export interface Reservation {
  completion: Completion;
  /** Worst case of the call in nano-USD; undefined when the model has no known price. */
  worstCaseNanos: bigint | undefined;
  estimatedInputTokens: number;
}

const RESERVE = `
  WITH input AS (
    SELECT * FROM jsonb_to_recordset($1::text::jsonb) AS x(id text, organisation_id text, team_id text, key_id text,
      idempotency_key text, ask_hash text, requested_model text, provider text, model text, tags jsonb,
      end_user_id text, trace_id text, created_at timestamptz, held_nanos bigint, estimated_input_tokens int,
      price jsonb)
  ),
  opened AS (
    INSERT INTO completions (id, organisation_id, team_id, key_id, idempotency_key, ask_hash, requested_model,
      provider, model, tags, end_user_id, trace_id, created_at, held_nanos, estimated_input_tokens, price,
      status, hold_state, hold_expires_at, instance_id)
    SELECT id, organisation_id, team_id, key_id, idempotency_key, ask_hash, requested_model,
      provider, model, tags, end_user_id, trace_id, created_at, held_nanos, estimated_input_tokens, price,
      'RUNNING', 'PENDING', now() + $2::int * interval '1 ms', $3
    FROM input
    ON CONFLICT (key_id, idempotency_key) WHERE idempotency_key IS NOT NULL DO NOTHING
    RETURNING id, organisation_id, team_id, key_id, held_nanos
  ),
  lines AS (
    SELECT organisation_id, team_id, key_id, id AS completion_id, 'RESERVE' AS kind, held_nanos AS amount_nanos,
      'held:' || team_id AS debit, 'open:' || team_id AS credit
    FROM opened
  ),
  ${JOURNAL_CTES}
  SELECT id FROM opened`;

/**
 * Opens completions with their holds, all in one statement.
 * @returns for each whether it was opened; false means that its idempotency key had been used before.
 */
export async function reserveAll(
  sql: Sql,
  reservations: Reservation[],
  hold: { ms: number; instanceId: string },
): Promise<boolean[]> {
  const rows = toJsonParameter(reservations.map(toRow));
  const opened = await sql.unsafe<{ id: string }[]>(RESERVE, [rows, hold.ms, hold.instanceId], {
    prepare: true,
  });
  const ids = new Set(opened.map((row) => row.id));
  return reservations.map(({ completion }) => ids.has(completion.id));
}

function toRow({ completion, worstCaseNanos, estimatedInputTokens }: Reservation) {
  return {
    id: completion.id,
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
    held_nanos: worstCaseNanos?.toString(),
    estimated_input_tokens: estimatedInputTokens,
    price: completion.price && toStoredPrice(completion.price),
  };
}
