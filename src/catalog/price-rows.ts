import type { Sql } from 'postgres';
import { toJsonParameter } from '../db/json.ts';
import type { Price, StoredRate } from '../domain/model.ts';

/** A price that was followed by another is kept for those whose clock is behind the database's. */
const KEPT_FOR_SLOW_CLOCKS = '1 hour';
const HISTORY_MAX = 100;

interface PriceRow {
  id: string;
  organisation_id: string | null;
  provider: string;
  model: string;
  rates: StoredRate[] | null;
  source: string;
  /** Milliseconds since 1970. */
  effective_from: number | null;
}

/** The prices of these ids, as far as an organisation may see them: everybody's, and its own. */
export async function findPrices(sql: Sql, organisationId: string, ids: readonly string[]): Promise<Price[]> {
  const rows = await sql<PriceRow[]>`
    SELECT ${columns(sql)} FROM prices
    WHERE id IN (SELECT jsonb_array_elements_text(${toJsonParameter(ids)}::text::jsonb))
      AND (organisation_id IS NULL OR organisation_id = ${organisationId})`;
  return rows.map(toPrice);
}

/**
 * What models have cost, newest first, at most a hundred of each: an organisation's own prices, those still to come
 * included, and the others that something was priced by.
 */
export async function listPriceHistory(
  sql: Sql,
  organisationId: string,
  models: readonly string[],
): Promise<Price[]> {
  const rows = await sql<PriceRow[]>`
    SELECT ${columns(sql)} FROM (
      SELECT *, row_number() OVER (PARTITION BY model ORDER BY coalesce(effective_from, created_at) DESC,
        created_at DESC, id DESC) AS place
      FROM prices
      WHERE model IN (SELECT jsonb_array_elements_text(${toJsonParameter(models)}::text::jsonb))
        AND (organisation_id IS NULL OR organisation_id = ${organisationId})
    ) AS history
    WHERE place <= ${HISTORY_MAX}::int ORDER BY model, place`;
  return rows.map(toPrice);
}

/**
 * The own prices that hold now or will, oldest first; of two for the same moment the one set later comes last.
 * @param organisationId of one organisation; undefined for all.
 */
export async function listOwnPrices(sql: Sql, organisationId: string | undefined): Promise<Price[]> {
  const whose =
    organisationId === undefined
      ? sql`organisation_id IS NOT NULL`
      : sql`organisation_id = ${organisationId}`;
  const rows = await sql<PriceRow[]>`
    SELECT ${columns(sql)} FROM (
      SELECT *, row_number() OVER in_order AS place, lead(effective_from) OVER in_order AS until FROM prices
      WHERE ${whose}
      WINDOW in_order AS (PARTITION BY organisation_id, model ORDER BY effective_from, created_at, id)
    ) AS own
    WHERE until IS NULL OR until > now() - ${KEPT_FOR_SLOW_CLOCKS}::text::interval
    ORDER BY organisation_id, model, place`;
  return rows.map(toPrice);
}

function columns(sql: Sql) {
  return sql`id, organisation_id, provider, model, rates, source,
    extract(epoch FROM effective_from)::float8 * 1000 AS effective_from`;
}

/** @returns no rates for a price that gives way to everybody's. */
function toPrice(row: PriceRow): Price {
  return {
    id: row.id,
    organisationId: row.organisation_id ?? undefined,
    provider: row.provider,
    model: row.model,
    rates: (row.rates ?? []).map((rate) => ({ ...rate, nanos: BigInt(rate.nanos) })),
    source: row.source,
    effectiveFrom: row.effective_from === null ? undefined : new Date(row.effective_from),
  };
}
