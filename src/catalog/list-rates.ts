import type { PriceUnit, Rate } from '../domain/model.ts';
import { nanosOfListed } from '../lib/money.ts';
import { isPriceable } from './cost.ts';
import type { ListedRate, ListedRates } from './list-format.ts';

const SECONDS_PER_HOUR = 3_600;

/** Our units by the keys of the price list, and how many of the unit its amount is for. */
const UNITS: readonly { unit: PriceUnit; key: string; per?: number }[] = [
  { unit: 'MTOK_INPUT', key: 'input_mtok' },
  { unit: 'MTOK_OUTPUT', key: 'output_mtok' },
  { unit: 'MTOK_CACHE_READ', key: 'cache_read_mtok' },
  { unit: 'MTOK_CACHE_WRITE', key: 'cache_write_mtok' },
  { unit: 'MTOK_REASONING', key: 'output_reasoning_mtok' },
  { unit: 'MCHAR', key: 'input_mchars' },
  { unit: 'REQUEST', key: 'requests_kcount', per: 1_000 },
  { unit: 'AUDIO_SECOND', key: 'input_audio_hours', per: SECONDS_PER_HOUR },
];

/** Charged with every answer of such a model, and counted nowhere that we could read. */
const BEYOND_COUNTING = ['output_citation_mtok'];

/** Undefined when they do not say all that a call is charged: a cost is either right or absent. */
export function toRates(listed: ListedRates): Rate[] | undefined {
  if (BEYOND_COUNTING.some((key) => listed[key] !== undefined)) return undefined;
  const rates = UNITS.flatMap(({ unit, key, per = 1 }) => toUnitRates(unit, listed[key], per));
  return isPriceable(rates) ? rates : undefined;
}

/** A tier of the price list holds for inputs greater than its start. */
function toUnitRates(unit: PriceUnit, listed: ListedRate | undefined, per: number): Rate[] {
  if (listed === undefined) return [];
  const rate = (fromTokens: number, usd: number) => ({ unit, fromTokens, nanos: nanosOfListed(usd / per) });
  if (typeof listed === 'number') return [rate(0, listed)];
  return [rate(0, listed.base), ...listed.tiers.map(({ start, price }) => rate(start + 1, price))];
}
