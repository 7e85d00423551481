import type { ListedModel, ListedProvider, ListedRates } from './list-format.ts';
import { listDatedRates } from './price-list.ts';

/** What is different in a price list, each as `provider/model` in the names of the list. */
export interface ListChanges {
  added: string[];
  removed: string[];
  repriced: { model: string; before: string; after: string }[];
}

export function compareLists(
  before: readonly ListedProvider[],
  after: readonly ListedProvider[],
): ListChanges {
  const [old, now] = [describeModels(before), describeModels(after)];
  return {
    added: [...now.keys()].filter((model) => !old.has(model)).toSorted(),
    removed: [...old.keys()].filter((model) => !now.has(model)).toSorted(),
    repriced: [...now]
      .flatMap(([model, text]) => {
        const was = old.get(model);
        return was === undefined || was === text ? [] : [{ model, before: was, after: text }];
      })
      .toSorted((a, b) => (a.model < b.model ? -1 : 1)),
  };
}

function describeModels(providers: readonly ListedProvider[]): Map<string, string> {
  return new Map(
    providers.flatMap(({ id, models }) =>
      models.map((model) => [`${id}/${model.id}`, describePrices(model)] as const),
    ),
  );
}

function describePrices(model: ListedModel): string {
  return listDatedRates(model)
    .map(({ constraint, prices }) => {
      const rates = describeRates(prices);
      if (!constraint) return rates;
      return 'start_date' in constraint
        ? `${rates} from ${constraint.start_date}`
        : `${rates} at ${constraint.start_time}-${constraint.end_time}`;
    })
    .join('; ');
}

/** In the order of the keys' names: the database keeps no other. */
function describeRates(rates: ListedRates): string {
  const texts = Object.entries(rates).flatMap(([key, rate]) => {
    if (rate === undefined) return [];
    if (typeof rate === 'number') return [`${key} ${rate}`];
    return [
      `${key} ${rate.base}${rate.tiers.map(({ start, price }) => ` (${price} above ${start})`).join('')}`,
    ];
  });
  return texts.toSorted().join(', ') || 'no price';
}
