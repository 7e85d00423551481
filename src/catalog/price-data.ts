import { calcPrice, findProvider, type ModelInfo, type ModelPrice } from '@pydantic/genai-prices';

/** The price list and its version, as it is kept beside every price that came from it. */
export const PRICE_DATA_SOURCE = 'genai-prices 0.1.8';

/**
 * Vertex sells Claude under the same row of the price list as Google's own models; the Gemini API, which is
 * what this provider speaks, does not.
 */
const SOLD_ELSEWHERE: Readonly<Record<string, RegExp>> = { google: /^claude/ };

/** A model of the price list, under a name that its vendor takes. */
export interface ListedModel {
  id: string;
  info: ModelInfo;
}

export interface ListedPrice {
  rates: ModelPrice;
  effectiveFrom: Date | undefined;
}

/** The list never changes while we run, and reading it takes long enough to be felt by a stream. */
const listed = new Map<string, readonly ListedModel[]>();

/** Every model that the price list names for a provider; none when it does not know the provider. */
export function listPricedModels(catalogueId: string): readonly ListedModel[] {
  const known = listed.get(catalogueId);
  if (known) return known;
  const rows = findProvider({ providerId: catalogueId })?.models ?? [];
  const models = rows.flatMap((info) => callableNames(catalogueId, info).map((id) => ({ id, info })));
  listed.set(catalogueId, models);
  return models;
}

/** The price list's own reading of a name: `gpt-5.4-2026-03-05` is `gpt-5.4`. */
export function findPricedModel(catalogueId: string, modelId: string): ModelInfo | undefined {
  if (SOLD_ELSEWHERE[catalogueId]?.test(modelId)) return undefined;
  const model = calcPrice({}, modelId, { providerId: catalogueId })?.model;
  // What another vendor's row answered may be sold here or not; it is enough for a price, not for a name.
  return model && findProvider({ providerId: catalogueId })?.models.includes(model) ? model : undefined;
}

/** The rates of a model at a moment, where the list has any. */
export function findListedPrice(catalogueId: string, modelId: string, at: Date): ListedPrice | undefined {
  const found = calcPrice({}, modelId, { providerId: catalogueId, timestamp: at });
  if (!found) return undefined;
  const dated = Array.isArray(found.model.prices) ? found.model.prices : [];
  const chosen = dated.find((entry) => entry.prices === found.model_price)?.constraint;
  return {
    rates: found.model_price,
    effectiveFrom: chosen?.type === 'start_date' ? new Date(chosen.start_date) : undefined,
  };
}

/** A row's id is sometimes a family that the vendor does not take; its match clause may then spell the names out. */
function callableNames(catalogueId: string, info: ModelInfo): string[] {
  if (SOLD_ELSEWHERE[catalogueId]?.test(info.id) || info.id.endsWith('-')) return [];
  return findPricedModel(catalogueId, info.id) === info ? [info.id] : exactNames(info.match);
}

function exactNames(match: ModelInfo['match']): string[] {
  if ('equals' in match) return [match.equals];
  return 'or' in match ? match.or.flatMap(exactNames) : [];
}
