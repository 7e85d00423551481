import { ModelUnavailable } from '../domain/errors.ts';
import type { Model, Price, ProviderInfo } from '../domain/model.ts';
import { explainMissing, explainNoText } from './explain.ts';
import { findIndexed, indexModels, type ModelIndex, type ProviderListing } from './model-index.ts';
import { priceOf } from './prices.ts';

export interface Catalog {
  /** The models of the configured providers, by name. */
  listModels(): readonly Model[];
  /** The model of that name, also under a name that is not listed, such as a dated snapshot. */
  findModel(name: string): Model | undefined;
  /**
   * A model that can complete.
   * @throws ModelUnavailable that says what would work: another name, a variable to set, another kind of model.
   */
  ensureModel(name: string): Model;
  /** Every provider the gateway knows of, configured or not. */
  listProviders(): ProviderInfo[];
  findProvider(name: string): ProviderInfo | undefined;
  /** The model's price at a moment; undefined when it is not known. */
  priceFor(model: Model, at: Date): Price | undefined;
}

/**
 * The models that can be asked for.
 * @param options.listProviders gives the same array for as long as nothing changed; a new one rebuilds the lists.
 */
export function createCatalog(options: { listProviders: () => readonly ProviderListing[] }): Catalog {
  let built: ModelIndex | undefined;
  const index = (): ModelIndex => {
    const listings = options.listProviders();
    if (built?.listings !== listings) built = indexModels(listings);
    return built;
  };
  return {
    listModels: () => index().models,
    findModel: (name) => findIndexed(index(), name),
    ensureModel(name) {
      const model = findIndexed(index(), name);
      if (!model) throw new ModelUnavailable(explainMissing(index(), name));
      if (!model.capabilities.includes('TEXT')) throw new ModelUnavailable(explainNoText(model));
      return model;
    },
    listProviders: () => index().listings.map((listing) => listing.info),
    findProvider: (name) => index().providers.get(name)?.info,
    priceFor(model, at) {
      const { providers, declared } = index();
      const provider = providers.get(model.provider);
      if (!provider) return undefined;
      const priced = { kind: provider.info.kind, catalogueId: provider.catalogueId };
      return priceOf(priced, model.id, declared.get(model.name)?.price, at);
    },
  };
}
