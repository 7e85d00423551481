import type { Usage } from '../domain/completion.ts';
import type { Price, PriceUnit, Rate } from '../domain/model.ts';
import { costNanos } from '../lib/money.ts';

const MILLION = 1_000_000;

/** What one call has used. Tokens as in `Usage`; the rest only where the vendor sells it by itself. */
export interface Used extends Pick<Usage, 'input' | 'output' | 'cacheRead' | 'cacheWrite'> {
  /** Part of `output`. */
  reasoning?: number;
  images?: number;
  /** May have a fraction; what is less than a microsecond is left out. */
  audioSeconds?: number;
  characters?: number;
}

/**
 * What one call costs in nano-USD, rounded up once. The input as a whole chooses the tier, for every unit. Tokens
 * without a rate of their own are billed like those that they are part of, as the vendors do: cached ones like
 * input, reasoning like output, and output, where nothing is said of it, like input. Tokens of a price for each
 * request alone are free.
 */
export function costOf(price: Price, used: Used): bigint {
  const rate = (unit: PriceUnit) => findRate(price, unit, used.input);
  const { input, output } = baseRates(price, rate);
  const uncached = Math.max(0, used.input - used.cacheRead - used.cacheWrite);
  const reasoning = Math.min(used.reasoning ?? 0, used.output);
  return costNanos([
    { millionths: uncached, nanos: input },
    { millionths: used.cacheRead, nanos: rate('MTOK_CACHE_READ') ?? input },
    { millionths: used.cacheWrite, nanos: rate('MTOK_CACHE_WRITE') ?? input },
    { millionths: used.output - reasoning, nanos: output },
    { millionths: reasoning, nanos: rate('MTOK_REASONING') ?? output },
    { millionths: used.characters ?? 0, nanos: rate('MCHAR') ?? 0n },
    { millionths: MILLION, nanos: rate('REQUEST') ?? 0n },
    { millionths: (used.images ?? 0) * MILLION, nanos: rate('IMAGE') ?? 0n },
    { millionths: Math.round((used.audioSeconds ?? 0) * MILLION), nanos: rate('AUDIO_SECOND') ?? 0n },
  ]);
}

/**
 * The most that a call of so many tokens or fewer can cost in nano-USD, whichever of them are cached or reasoning,
 * and whichever tier they end in.
 */
export function worstCostOf(price: Price, tokens: { input: number; output: number }): bigint {
  const rate = (unit: PriceUnit) => findHighestRate(price, unit, tokens.input);
  const { input, output } = baseRates(price, rate);
  const cached = [rate('MTOK_CACHE_READ') ?? 0n, rate('MTOK_CACHE_WRITE') ?? 0n];
  return costNanos([
    { millionths: tokens.input, nanos: highest(input, ...cached) },
    { millionths: tokens.output, nanos: highest(output, rate('MTOK_REASONING') ?? 0n) },
    { millionths: MILLION, nanos: rate('REQUEST') ?? 0n },
  ]);
}

/** Whether a price says enough to work out a cost by. */
export function isPriceable(rates: readonly Pick<Rate, 'unit'>[]): boolean {
  return rates.some(({ unit }) => unit === 'MTOK_INPUT' || unit === 'REQUEST');
}

function baseRates(price: Price, rate: (unit: PriceUnit) => bigint | undefined) {
  if (!isPriceable(price.rates)) throw new RangeError('a price needs a rate for MTOK_INPUT or REQUEST');
  const input = rate('MTOK_INPUT') ?? 0n;
  return { input, output: rate('MTOK_OUTPUT') ?? input };
}

function findRate(price: Price, unit: PriceUnit, inputTokens: number): bigint | undefined {
  let best: Rate | undefined;
  for (const rate of price.rates) {
    const applies = rate.unit === unit && rate.fromTokens <= inputTokens;
    if (applies && (!best || rate.fromTokens > best.fromTokens)) best = rate;
  }
  return best?.nanos;
}

function findHighestRate(price: Price, unit: PriceUnit, inputTokens: number): bigint | undefined {
  let best: bigint | undefined;
  for (const rate of price.rates) {
    const applies = rate.unit === unit && rate.fromTokens <= inputTokens;
    if (applies && (best === undefined || rate.nanos > best)) best = rate.nanos;
  }
  return best;
}

function highest(...amounts: bigint[]): bigint {
  return amounts.reduce((most, amount) => (amount > most ? amount : most));
}
