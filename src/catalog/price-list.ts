import { calcPrice, waitForUpdate, type Provider } from '@pydantic/genai-prices';
import type { DatedRates, ListedModel, ListedProvider, ListedRates } from './list-format.ts';

/** The price list of the package, and its version. */
export const PACKAGED_SOURCE = 'genai-prices 0.1.8';

/**
 * Vertex sells Claude under the same row of the price list as Google's own models; the Gemini API, which is
 * what this provider speaks, does not.
 */
const SOLD_ELSEWHERE: Readonly<Record<string, RegExp>> = { google: /^claude/ };
/** A longer name is matched with nothing: the patterns of a list were not written for it. */
const NAME_MAX = 300;

/** A model of the price list, under a name that its vendor takes. */
export interface CallableModel {
  id: string;
  info: ListedModel;
}

export interface FoundRates {
  rates: ListedRates;
  effectiveFrom: Date | undefined;
}

/** What models there are and what they cost, in one state of the world. */
export interface PriceList {
  /** Its name and version, as it is kept beside every price that came from it. */
  source: string;
  providers: readonly ListedProvider[];
  /** Every model that it names for a provider; none when it does not know the provider. */
  listModels(catalogueId: string): readonly CallableModel[];
  /** The list's own reading of a name: `gpt-5.4-2026-03-05` is `gpt-5.4`. */
  findModel(catalogueId: string, modelId: string): ListedModel | undefined;
  /** The rates of a model at a moment, where the list has any. */
  findRates(catalogueId: string, modelId: string, at: Date): FoundRates | undefined;
}

/** The price list that was packaged with this version. */
export async function packagedPriceList(): Promise<PriceList> {
  return createPriceList(PACKAGED_SOURCE, (await waitForUpdate()) ?? []);
}

export function createPriceList(source: string, providers: readonly ListedProvider[]): PriceList {
  const byId = new Map(providers.map((provider) => [provider.id, toMatcher(provider)]));
  const callable = new Map<string, readonly CallableModel[]>();

  /** As the package does it: the provider's own models first, then those of the vendors that it resells. */
  function find(catalogueId: string, modelId: string, at?: Date): Match | undefined {
    const own = byId.get(catalogueId);
    if (!own || modelId.length > NAME_MAX) return undefined;
    const resold = (own.provider.fallback_model_providers ?? []).flatMap((id) => byId.get(id) ?? []);
    for (const matcher of [own, ...resold]) {
      const match = findMatch(matcher, modelId, at);
      if (match) return match;
    }
    return undefined;
  }

  /** What another vendor's row answered may be sold here or not; it is enough for a price, not for a name. */
  function findModel(catalogueId: string, modelId: string): ListedModel | undefined {
    if (SOLD_ELSEWHERE[catalogueId]?.test(modelId)) return undefined;
    const match = find(catalogueId, modelId);
    return match?.provider.id === catalogueId ? match.model : undefined;
  }

  /** A row's id is sometimes a family that the vendor does not take; its match clause may then spell the names out. */
  function callableNames(catalogueId: string, info: ListedModel): string[] {
    if (SOLD_ELSEWHERE[catalogueId]?.test(info.id) || info.id.endsWith('-')) return [];
    return findModel(catalogueId, info.id) === info ? [info.id] : exactNames(info.match);
  }

  return {
    source,
    providers,
    listModels(catalogueId) {
      const known = callable.get(catalogueId);
      if (known) return known;
      const rows = byId.get(catalogueId)?.provider.models ?? [];
      const models = rows.flatMap((info) => callableNames(catalogueId, info).map((id) => ({ id, info })));
      callable.set(catalogueId, models);
      return models;
    },
    findModel,
    findRates(catalogueId, modelId, at) {
      const match = find(catalogueId, modelId, at);
      return match && { rates: match.rates, effectiveFrom: match.effectiveFrom };
    },
  };
}

/** All rates of a model, whenever they hold. */
export function listDatedRates({ prices }: Pick<ListedModel, 'prices'>): readonly DatedRates[] {
  return Array.isArray(prices) ? prices : [{ prices: prices as ListedRates }];
}

interface Matcher {
  provider: ListedProvider;
  models: ReadonlyMap<string, ListedModel>;
  /** The same names and dates, with nothing to work out: the package knows how to match, and we how to count. */
  names: Provider;
}

interface Match extends FoundRates {
  provider: ListedProvider;
  model: ListedModel;
}

function toMatcher(provider: ListedProvider): Matcher {
  const { id, models } = provider;
  const names = models.map((model) => ({
    id: model.id,
    match: model.match,
    prices: listDatedRates(model).map(({ constraint }) => ({ constraint, prices: {} })),
  }));
  return {
    provider,
    models: new Map(models.map((model) => [model.id, model])),
    names: { id, name: id, api_pattern: '', models: names as Provider['models'] },
  };
}

/** Never asks the package for its own list: that would be another one than this. */
function findMatch(
  { provider, models, names }: Matcher,
  modelId: string,
  at = new Date(),
): Match | undefined {
  const found = calcPrice({}, modelId, { provider: names, timestamp: at });
  const model = found && models.get(found.model.id);
  if (!model || !Array.isArray(found.model.prices)) return undefined;
  const place = found.model.prices.findIndex(({ prices }) => prices === found.model_price);
  const chosen = listDatedRates(model)[place];
  if (!chosen) return undefined;
  const { constraint } = chosen;
  const since = constraint && 'start_date' in constraint ? constraint.start_date : undefined;
  return {
    provider,
    model,
    rates: chosen.prices,
    effectiveFrom: since === undefined ? undefined : new Date(since),
  };
}

function exactNames(match: ListedModel['match']): string[] {
  if ('equals' in match) return [match.equals];
  return 'or' in match ? match.or.flatMap(exactNames) : [];
}
