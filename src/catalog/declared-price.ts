import type { DeclaredPrice, DeclaredTokenPrices } from '../config/config.ts';
import type { Model, Price, PriceUnit, Rate } from '../domain/model.ts';
import { parseUsd } from '../lib/money.ts';
import { makePrice } from './make-price.ts';

const TOKEN_UNITS: Readonly<Record<keyof DeclaredTokenPrices, PriceUnit>> = {
  input: 'MTOK_INPUT',
  output: 'MTOK_OUTPUT',
  cacheRead: 'MTOK_CACHE_READ',
  cacheWrite: 'MTOK_CACHE_WRITE',
  reasoning: 'MTOK_REASONING',
};
const OTHER_UNITS: Readonly<
  Record<Exclude<keyof DeclaredPrice, keyof DeclaredTokenPrices | 'tiers'>, PriceUnit>
> = {
  mchar: 'MCHAR',
  request: 'REQUEST',
  image: 'IMAGE',
  audioSecond: 'AUDIO_SECOND',
};

/** The price that the owner wrote into the config, or that a demo model has. */
export function toDeclaredPrice(
  { name, provider }: Pick<Model, 'name' | 'provider'>,
  declared: DeclaredPrice,
  source: 'config' | 'demo',
): Price {
  const rates = [
    ...toRates(declared, TOKEN_UNITS, 0),
    ...toRates(declared, OTHER_UNITS, 0),
    ...(declared.tiers ?? []).flatMap((tier) => toRates(tier, TOKEN_UNITS, tier.fromInputTokens)),
  ];
  return makePrice({
    organisationId: undefined,
    provider,
    model: name,
    rates,
    source,
    effectiveFrom: undefined,
  });
}

function toRates<Key extends string>(
  amounts: Partial<Record<Key, string | undefined>>,
  units: Readonly<Record<Key, PriceUnit>>,
  fromTokens: number,
): Rate[] {
  return (Object.entries(units) as [Key, PriceUnit][]).flatMap(([key, unit]) => {
    const amount = amounts[key];
    return amount === undefined ? [] : [{ unit, fromTokens, nanos: parseUsd(amount) }];
  });
}
