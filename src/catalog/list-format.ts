import type { MatchLogic } from '@pydantic/genai-prices';

/**
 * What we read of the data of genai-prices (https://github.com/pydantic/genai-prices): `prices/data.json`, its
 * versions 2 and 3, and what is in the package.
 */
export interface ListedProvider {
  id: string;
  models: readonly ListedModel[];
  /** Whose models it also sells, at their prices. */
  fallback_model_providers?: readonly string[] | undefined;
}

export interface ListedModel {
  id: string;
  name?: string | undefined;
  match: MatchLogic;
  context_window?: number | undefined;
  deprecated?: boolean | undefined;
  /** The last of several whose constraint holds. */
  prices: ListedRates | readonly DatedRates[];
}

export interface DatedRates {
  constraint?: { start_date: string } | { start_time: string; end_time: string } | undefined;
  prices: ListedRates;
}

/** USD by the keys of the list, such as `input_mtok`. */
export type ListedRates = Readonly<Record<string, ListedRate | undefined>>;

/** A tier holds for inputs greater than its start. */
export type ListedRate =
  | number
  | { readonly base: number; readonly tiers: readonly { readonly start: number; readonly price: number }[] };
