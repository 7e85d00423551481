import type { StoredPrice } from '../db/tables/completions.ts';
import type { Price, PriceUnit } from '../domain/model.ts';

/** A price as it is kept on the row that it priced. */
export function toStoredPrice(price: Price): StoredPrice {
  return {
    rates: price.rates.map((rate) => ({ ...rate, nanosPerMtok: rate.nanosPerMtok.toString() })),
    source: price.source,
    effectiveFrom: price.effectiveFrom?.toISOString() ?? null,
  };
}

export function fromStoredPrice(stored: StoredPrice): Price {
  return {
    rates: stored.rates.map((rate) => ({
      unit: rate.unit as PriceUnit,
      fromTokens: rate.fromTokens,
      nanosPerMtok: BigInt(rate.nanosPerMtok),
    })),
    source: stored.source,
    effectiveFrom: stored.effectiveFrom ? new Date(stored.effectiveFrom) : undefined,
  };
}
