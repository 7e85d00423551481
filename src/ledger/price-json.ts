import type { Price, StoredRate } from '../domain/model.ts';

/** A price as the row of `prices` that it is kept in. */
export function toPriceRow(price: Price) {
  const { id, organisationId, provider, model, source, effectiveFrom } = price;
  const rates = price.rates.map((rate): StoredRate => ({ ...rate, nanos: rate.nanos.toString() }));
  return {
    id,
    organisation_id: organisationId,
    provider,
    model,
    rates,
    source,
    effective_from: effectiveFrom,
  };
}

/** A stored price, for working out a cost. */
export function fromPriceRow(row: {
  id: string;
  organisationId: string | null;
  provider: string;
  model: string;
  rates: StoredRate[];
  source: string;
  effectiveFrom: Date | null;
}): Price {
  return {
    ...row,
    organisationId: row.organisationId ?? undefined,
    rates: row.rates.map((rate) => ({ ...rate, nanos: BigInt(rate.nanos) })),
    effectiveFrom: row.effectiveFrom ?? undefined,
  };
}
