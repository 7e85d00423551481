import type { Sql } from 'postgres';
import { toJsonParameter } from '../db/json.ts';
import type { HedgedAttempt } from '../db/tables/completions.ts';
import type { Price, StoredRate } from '../domain/model.ts';
import { fromPriceRow } from './price-json.ts';

/** A completion whose process stopped extending its hold, with all that is durably known of it. */
export interface ExpiredHold {
  completionId: string;
  provider: string;
  model: string;
  estimatedInputTokens: number;
  seenOutputTokens: number;
  price: Price | undefined;
  /** The attempt that was under way, from 0 on. */
  attempt: number;
  /** It had ended, and the next one had not begun: there is nothing left to charge. */
  resting: boolean;
  /** What was under way beside it. */
  hedge:
    | (Pick<HedgedAttempt, 'estimatedInputTokens' | 'seenOutputTokens'> & { price: Price | undefined })
    | undefined;
}

/** Output tokens seen so far of a running completion. */
export interface Heartbeat {
  completionId: string;
  /** The attempt that they were seen in, from 0 on. */
  attempt: number;
  seenOutputTokens: number;
}

/**
 * Extends the holds of running completions and notes how far they are.
 * @returns the ids whose hold is no longer theirs: recovery settled them, so their work must stop.
 */
export async function extendHolds(sql: Sql, beats: Heartbeat[], holdMs: number): Promise<string[]> {
  const rows = toJsonParameter(
    beats.map(({ completionId: id, attempt, seenOutputTokens: seen }) => ({ id, attempt, seen })),
  );
  const extended = await sql<{ id: string }[]>`
    WITH input AS (SELECT * FROM jsonb_to_recordset(${rows}::text::jsonb) AS x(id text, attempt int, seen int)),
    -- In the order in which settlements take them.
    ours AS MATERIALIZED (
      SELECT id FROM completions WHERE id IN (SELECT id FROM input) AND hold_state = 'PENDING' ORDER BY id FOR UPDATE
    )
    UPDATE completions c SET hold_expires_at = now() + ${holdMs}::int * interval '1 ms',
      -- What was seen of an attempt that has ended meanwhile is booked, and says nothing of the next one.
      seen_output_tokens = CASE WHEN c.attempt = x.attempt AND NOT c.resting THEN x.seen ELSE c.seen_output_tokens END,
      hedge = CASE WHEN (c.hedge ->> 'attempt')::int = x.attempt
        THEN jsonb_set(c.hedge, '{seenOutputTokens}', to_jsonb(x.seen)) ELSE c.hedge END
    FROM ours JOIN input x USING (id)
    WHERE c.id = ours.id AND c.hold_state = 'PENDING'
    RETURNING c.id`;
  const alive = new Set(extended.map((row) => row.id));
  return beats.map((beat) => beat.completionId).filter((id) => !alive.has(id));
}

/** Lets the holds of other processes run out now; only for a database that one process at a time can open. */
export async function expireHoldsOfOthers(sql: Sql, instanceId: string): Promise<void> {
  await sql`
    UPDATE completions SET hold_expires_at = now() - interval '1 second'
    WHERE hold_state = 'PENDING' AND instance_id <> ${instanceId}`;
}

export async function listExpiredHolds(sql: Sql, limit: number): Promise<ExpiredHold[]> {
  const rows = await sql<ExpiredRow[]>`
    SELECT c.id, c.provider, c.model, c.estimated_input_tokens, c.seen_output_tokens, c.attempt, c.resting,
      p.id AS price_id, p.organisation_id, p.rates, p.source, c.hedge, to_jsonb(b) AS hedge_price
    FROM completions c LEFT JOIN prices p ON p.id = c.price_id LEFT JOIN prices b ON b.id = c.hedge ->> 'priceId'
    WHERE c.hold_state = 'PENDING' AND c.hold_expires_at < now()
    ORDER BY c.hold_expires_at LIMIT ${limit}`;
  return rows.map((row) => ({
    completionId: row.id,
    provider: row.provider,
    model: row.model,
    estimatedInputTokens: row.estimated_input_tokens,
    seenOutputTokens: row.seen_output_tokens,
    price: priceOf(row),
    attempt: row.attempt,
    resting: row.resting,
    hedge: row.hedge
      ? {
          ...row.hedge,
          price: row.hedge_price ? priceOf({ ...row.hedge_price, price_id: row.hedge_price.id }) : undefined,
        }
      : undefined,
  }));
}

function priceOf({
  price_id,
  organisation_id,
  provider,
  model,
  rates,
  source,
}: PriceColumns): Price | undefined {
  if (price_id === null || rates === null) return undefined;
  // Since when it holds makes no difference to what it comes to.
  return fromPriceRow({
    id: price_id,
    organisationId: organisation_id,
    provider,
    model,
    rates,
    source,
    effectiveFrom: null,
  });
}

interface PriceColumns {
  price_id: string | null;
  organisation_id: string | null;
  provider: string;
  model: string;
  rates: StoredRate[] | null;
  source: string;
}

interface ExpiredRow extends PriceColumns {
  id: string;
  hedge: HedgedAttempt | null;
  hedge_price: (PriceColumns & { id: string }) | null;
  estimated_input_tokens: number;
  seen_output_tokens: number;
  attempt: number;
  resting: boolean;
}
