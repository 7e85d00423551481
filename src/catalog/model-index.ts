import { LRUCache } from 'lru-cache';
import type { ModelConfig } from '../config/config.ts';
import type { Model, Price, ProviderInfo } from '../domain/model.ts';
import { capabilitiesOf } from './capabilities.ts';
import { toDeclaredPrice } from './declared-price.ts';
import type { ListedModel } from './list-format.ts';
import type { PriceList } from './price-list.ts';

/** A provider and what is known about its models. */
export interface ProviderListing {
  info: ProviderInfo;
  /** Its name in the price list, where it is in there. */
  catalogueId?: string | undefined;
  /** Whether the owner names the models (deployments, local servers), so that any name may exist. */
  openNames: boolean;
  declaredModels: readonly ModelConfig[];
  /** Whether a model can go on from the beginning of an answer; no model of it can where this is missing. */
  continues?(modelId: string): boolean;
}

/** Every name that can be said in advance, for one state of the providers and one price list. */
export interface ModelIndex {
  listings: readonly ProviderListing[];
  list: PriceList;
  providers: ReadonlyMap<string, ProviderListing>;
  models: readonly Model[];
  byName: ReadonlyMap<string, Model>;
  /** Of the models whose price was declared. */
  declaredPrices: ReadonlyMap<string, Price>;
  unlisted: LRUCache<string, Model>;
}

/** Some vendors take the id as a part of a URL. */
const SAFE_ID = /^(?!.*\.\.)[\w@~][\w.:@/+~-]*$/;

export function indexModels(listings: readonly ProviderListing[], list: PriceList): ModelIndex {
  const byName = new Map<string, Model>();
  const declaredPrices = new Map<string, Price>();
  for (const listing of listings.filter(({ info }) => info.configured)) {
    const priced = listing.catalogueId === undefined ? [] : list.listModels(listing.catalogueId);
    for (const { id, info } of priced) {
      const model = toModel(listing, id, info);
      byName.set(model.name, model);
    }
    for (const config of listing.declaredModels) {
      const model = toDeclaredModel(listing, config, list);
      byName.set(model.name, model);
      const source = listing.info.kind === 'DEMO' ? 'demo' : 'config';
      if (config.price) declaredPrices.set(model.name, toDeclaredPrice(model, config.price, source));
    }
  }
  return {
    listings,
    list,
    providers: new Map(listings.map((listing) => [listing.info.name, listing])),
    models: [...byName.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    byName,
    declaredPrices,
    unlisted: new LRUCache({ max: 1_000 }),
  };
}

/** The model of that name, also under a name that no list holds: a dated snapshot, or any on an open provider. */
export function findIndexed(index: ModelIndex, name: string): Model | undefined {
  const known = index.byName.get(name) ?? index.unlisted.get(name);
  if (known) return known;
  const { provider, id } = splitName(name);
  const listing = index.providers.get(provider);
  if (!listing?.info.configured || !SAFE_ID.test(id)) return undefined;
  const info = listing.catalogueId === undefined ? undefined : index.list.findModel(listing.catalogueId, id);
  if (!info && !listing.openNames) return undefined;
  const model = toModel(listing, id, info);
  index.unlisted.set(name, model);
  return model;
}

/** `provider/id`: the id may hold slashes itself. A name without one has no provider. */
export function splitName(name: string): { provider: string; id: string } {
  const slash = name.indexOf('/');
  return { provider: name.slice(0, Math.max(0, slash)), id: name.slice(slash + 1) };
}

function toModel(listing: ProviderListing, id: string, info: ListedModel | undefined): Model {
  return {
    name: `${listing.info.name}/${id}`,
    provider: listing.info.name,
    id,
    displayName: info?.name ?? id,
    capabilities: capabilitiesOf(id, info),
    capabilitiesDeclared: false,
    contextWindow: info?.context_window,
    maxOutputTokens: undefined,
    deprecated: info?.deprecated ?? false,
    continues: listing.continues?.(id) ?? false,
    region: listing.info.region,
  };
}

/** What the owner says counts; where nothing is said, what the price list knows. */
function toDeclaredModel(listing: ProviderListing, config: ModelConfig, list: PriceList): Model {
  const info = listing.catalogueId === undefined ? undefined : list.findModel(listing.catalogueId, config.id);
  const model = toModel(listing, config.id, info);
  return {
    ...model,
    displayName: config.displayName ?? model.displayName,
    capabilities: config.capabilities ?? model.capabilities,
    capabilitiesDeclared: config.capabilities !== undefined,
    contextWindow: config.contextWindow ?? model.contextWindow,
    maxOutputTokens: config.maxOutputTokens,
  };
}
