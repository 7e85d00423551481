import type { Model, Price, PriceUnit } from '../domain/model.ts';

/** What a unit costs of one model and of another, in nano-USD for its first tokens. */
export interface PriceDifference {
  unit: PriceUnit;
  before: bigint | undefined;
  after: bigint | undefined;
}

/** Only what differs; empty where nothing is known of either. */
export function comparePrices(before: Price | undefined, after: Price | undefined): PriceDifference[] {
  const [old, now] = [ratesOf(before), ratesOf(after)];
  return [...new Set([...old.keys(), ...now.keys()])]
    .map((unit) => ({ unit, before: old.get(unit), after: now.get(unit) }))
    .filter((difference) => difference.before !== difference.after);
}

/** What may go wrong where one model answers in the place of another. */
export function listLosses(from: Model | undefined, to: Model): string[] {
  const losses: string[] = [];
  if (!from) return losses;
  const lacking = from.capabilities.filter((capability) => !to.capabilities.includes(capability));
  if (lacking.length > 0) losses.push(`${to.name} is not known to have ${lacking.join(', ')}`);
  const smaller = (what: string, old: number | undefined, now: number | undefined) => {
    if (old !== undefined && now !== undefined && now < old)
      losses.push(`${to.name} has ${what} of ${now} tokens; ${from.name} has ${old}`);
  };
  smaller('a context window', from.contextWindow, to.contextWindow);
  smaller('a longest answer', from.maxOutputTokens, to.maxOutputTokens);
  if (from.region !== to.region) losses.push(`${to.name} ${placeOf(to)}; ${from.name} ${placeOf(from)}`);
  return losses;
}

function ratesOf(price: Price | undefined): Map<PriceUnit, bigint> {
  const first = (price?.rates ?? []).filter(({ fromTokens }) => fromTokens === 0);
  return new Map(first.map(({ unit, nanos }) => [unit, nanos]));
}

function placeOf({ region }: Model): string {
  return region === undefined ? 'has no region' : `is in ${region}`;
}
