import { PRICE_UNITS, type Price, type Rate } from '../domain/model.ts';
import { idOfContent } from '../lib/ids.ts';

/** A price with the id of its content: whoever finds the same price, in whatever process, names the same row. */
export function makePrice(content: Omit<Price, 'id'>): Price {
  const { organisationId = null, provider, model, source, effectiveFrom } = content;
  const rates = sortRates(content.rates);
  const text = JSON.stringify([
    [organisationId, provider, model, source, effectiveFrom?.toISOString() ?? null],
    rates.map(({ unit, fromTokens, nanos }) => [unit, fromTokens, nanos.toString()]),
  ]);
  return { ...content, rates, id: idOfContent('price', text) };
}

/** By unit and then by tier, so that the same rates are always the same list. */
export function sortRates(rates: readonly Rate[]): Rate[] {
  const place = ({ unit }: Rate) => PRICE_UNITS.indexOf(unit);
  return rates.toSorted((a, b) => place(a) - place(b) || a.fromTokens - b.fromTokens);
}
