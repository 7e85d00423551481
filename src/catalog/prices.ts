import type { ModelPrice } from '@pydantic/genai-prices';
import { LRUCache } from 'lru-cache';
import type { ModelConfig } from '../config/config.ts';
import type { Usage } from '../domain/completion.ts';
import type { Price, PriceUnit, ProviderKind, Rate } from '../domain/model.ts';
import { costNanos, nanosPerMtok, parseUsd } from '../lib/money.ts';
import { findListedPrice, PRICE_DATA_SOURCE } from './price-data.ts';

type DeclaredPrice = NonNullable<ModelConfig['price']>;

/** What of a provider decides a price. */
export interface PricedProvider {
  kind: ProviderKind;
  /** Its name in the price list. */
  catalogueId?: string | undefined;
}

const LISTED_UNITS: Readonly<Record<PriceUnit, string>> = {
  MTOK_INPUT: 'input_mtok',
  MTOK_OUTPUT: 'output_mtok',
  MTOK_CACHE_READ: 'cache_read_mtok',
  MTOK_CACHE_WRITE: 'cache_write_mtok',
};

const MINUTE_MS = 60_000;
const listedPrices = new LRUCache<string, { price: Price | undefined }>({ max: 2_000 });
const declaredPrices = new WeakMap<DeclaredPrice, Price>();

/**
 * The price of a model at a moment: the declared one if there is one, else the price list's. Undefined when
 * it is not known, or not known in full: a cost is either right or absent.
 */
export function priceOf(
  provider: PricedProvider,
  modelId: string,
  declared: DeclaredPrice | undefined,
  at: Date,
): Price | undefined {
  if (declared) return declaredPrice(declared, provider.kind === 'DEMO' ? 'demo' : 'config');
  return provider.catalogueId === undefined ? undefined : listedPrice(provider.catalogueId, modelId, at);
}

/**
 * What a usage costs in nano-USD, rounded up once. The input as a whole chooses the tier, for every unit.
 * A unit without a rate of its own is billed like input, as the vendors do with cached tokens.
 */
export function costOf(price: Price, usage: Omit<Usage, 'source' | 'reasoning'>): bigint {
  const inputRate = findRate(price, 'MTOK_INPUT', usage.input);
  if (inputRate === undefined) throw new RangeError('a price needs a rate for MTOK_INPUT');
  const rate = (unit: PriceUnit) => findRate(price, unit, usage.input) ?? inputRate;
  const uncached = Math.max(0, usage.input - usage.cacheRead - usage.cacheWrite);
  return costNanos([
    { tokens: uncached, nanosPerMtok: inputRate },
    { tokens: usage.cacheRead, nanosPerMtok: rate('MTOK_CACHE_READ') },
    { tokens: usage.cacheWrite, nanosPerMtok: rate('MTOK_CACHE_WRITE') },
    { tokens: usage.output, nanosPerMtok: rate('MTOK_OUTPUT') },
  ]);
}

function findRate(price: Price, unit: PriceUnit, inputTokens: number): bigint | undefined {
  let best: Rate | undefined;
  for (const rate of price.rates) {
    const applies = rate.unit === unit && rate.fromTokens <= inputTokens;
    if (applies && (!best || rate.fromTokens > best.fromTokens)) best = rate;
  }
  return best?.nanosPerMtok;
}

function declaredPrice(declared: DeclaredPrice, source: string): Price {
  const known = declaredPrices.get(declared);
  if (known) return known;
  const { input, output, cacheRead, cacheWrite } = declared;
  const amounts = {
    MTOK_INPUT: input,
    MTOK_OUTPUT: output,
    MTOK_CACHE_READ: cacheRead,
    MTOK_CACHE_WRITE: cacheWrite,
  };
  const rates = (Object.entries(amounts) as [PriceUnit, string | undefined][]).flatMap(([unit, amount]) =>
    amount === undefined ? [] : [{ unit, fromTokens: 0, nanosPerMtok: parseUsd(amount) }],
  );
  const price: Price = { rates, source, effectiveFrom: undefined };
  declaredPrices.set(declared, price);
  return price;
}

/** Kept by the minute, not by the day: some vendors charge by the time of day. */
function listedPrice(catalogueId: string, modelId: string, at: Date): Price | undefined {
  const key = `${catalogueId}\n${modelId}\n${Math.floor(at.getTime() / MINUTE_MS)}`;
  const known = listedPrices.get(key);
  if (known) return known.price;
  const listed = findListedPrice(catalogueId, modelId, at);
  const rates = listed && toRates(listed.rates);
  const price = rates && { rates, source: PRICE_DATA_SOURCE, effectiveFrom: listed.effectiveFrom };
  listedPrices.set(key, { price });
  return price;
}

/** A fee for each request can be more than the tokens, and no rate here can hold it: then nothing is known. */
function toRates(listed: ModelPrice): Rate[] | undefined {
  if (listed['input_mtok'] === undefined || listed['requests_kcount'] !== undefined) return undefined;
  return (Object.entries(LISTED_UNITS) as [PriceUnit, string][]).flatMap(([unit, key]) =>
    toUnitRates(unit, listed[key]),
  );
}

/** A tier of the price list holds for inputs greater than its start. */
function toUnitRates(unit: PriceUnit, listed: ModelPrice[string]): Rate[] {
  if (listed === undefined) return [];
  if (typeof listed === 'number') return [{ unit, fromTokens: 0, nanosPerMtok: nanosPerMtok(listed) }];
  return [
    { unit, fromTokens: 0, nanosPerMtok: nanosPerMtok(listed.base) },
    ...listed.tiers.map(({ start, price }) => ({
      unit,
      fromTokens: start + 1,
      nanosPerMtok: nanosPerMtok(price),
    })),
  ];
}
