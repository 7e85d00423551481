import { LRUCache } from 'lru-cache';
import type { Model, Price } from '../domain/model.ts';
import { toRates } from './list-rates.ts';
import { makePrice } from './make-price.ts';
import type { PriceList } from './price-list.ts';

const MINUTE_MS = 60_000;
const KEPT_MAX = 2_000;

/** The prices of one list, worked out once a minute for each model that is asked for. */
export interface ListedPrices {
  /** Undefined when the price is not known, or not known in full. */
  find(model: Model, catalogueId: string, at: Date): Price | undefined;
  /** One of those found lately, which nothing may have been priced by yet. */
  findById(id: string): Price | undefined;
}

export function createListedPrices(list: PriceList): ListedPrices {
  // By the minute, not by the day: some vendors charge by the time of day.
  const known = new LRUCache<string, { price: Price | undefined }>({ max: KEPT_MAX });
  const byId = new LRUCache<string, Price>({ max: KEPT_MAX });
  return {
    find(model, catalogueId, at) {
      const key = `${model.name}\n${Math.floor(at.getTime() / MINUTE_MS)}`;
      const found = known.get(key);
      if (found) return found.price;
      const price = toPrice(list, model, catalogueId, at);
      known.set(key, { price });
      if (price) byId.set(price.id, price);
      return price;
    },
    findById: (id) => byId.get(id),
  };
}

function toPrice(list: PriceList, model: Model, catalogueId: string, at: Date): Price | undefined {
  const listed = list.findRates(catalogueId, model.id, at);
  const rates = listed && toRates(listed.rates);
  if (!rates) return undefined;
  const { source } = list;
  const { name, provider } = model;
  return makePrice({
    organisationId: undefined,
    provider,
    model: name,
    rates,
    source,
    effectiveFrom: listed.effectiveFrom,
  });
}
