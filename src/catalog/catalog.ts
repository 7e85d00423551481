import { ModelUnavailable } from '../domain/errors.ts';
import type { Capability, Model, Price, ProviderInfo } from '../domain/model.ts';
import { explainMissing, explainOther } from './explain.ts';
import { findIndexed, indexModels, type ModelIndex, type ProviderListing } from './model-index.ts';
import type { PriceBook } from './price-book.ts';

export interface Catalog {
  /** The models of the configured providers, by name. */
  listModels(): readonly Model[];
  /** The model of that name, also under a name that is not listed, such as a dated snapshot. */
  findModel(name: string): Model | undefined;
  /** Whether a model is listed by this very name. */
  isListed(name: string): boolean;
  /**
   * A model that can complete, or offers what else is asked for.
   * @throws ModelUnavailable that says what would work: another name, a variable to set, another kind of model.
   */
  ensureModel(name: string, offers?: Capability): Model;
  /** Every provider the gateway knows of, configured or not. */
  listProviders(): ProviderInfo[];
  findProvider(name: string): ProviderInfo | undefined;
  /**
   * The model's price at a moment: what the organisation has set, else what is declared in the config, else what the
   * price list says. Undefined when it is not known, or not known in full: a cost is either right or absent.
   */
  priceFor(model: Model, organisationId: string, at: Date): Price | undefined;
  /** A price that was told to somebody, though nothing may have been priced by it yet. */
  findGeneralPrice(id: string): Price | undefined;
}

/**
 * The models that can be asked for.
 * @param options.listProviders gives the same array for as long as nothing changed; a new one rebuilds the lists.
 */
export function createCatalog(options: {
  listProviders: () => readonly ProviderListing[];
  prices: Pick<PriceBook, 'list' | 'findOwn' | 'findListed' | 'findListedById'>;
}): Catalog {
  const { listProviders, prices } = options;
  let built: ModelIndex | undefined;
  const index = (): ModelIndex => {
    const listings = listProviders();
    const list = prices.list();
    if (built?.listings !== listings || built.list !== list) built = indexModels(listings, list);
    return built;
  };
  return {
    listModels: () => index().models,
    findModel: (name) => findIndexed(index(), name),
    isListed: (name) => index().byName.has(name),
    ensureModel(name, offers = 'TEXT') {
      const model = findIndexed(index(), name);
      if (!model) throw new ModelUnavailable(explainMissing(index(), name));
      if (!model.capabilities.includes(offers)) throw new ModelUnavailable(explainOther(model, offers));
      return model;
    },
    listProviders: () => index().listings.map((listing) => listing.info),
    findProvider: (name) => index().providers.get(name)?.info,
    priceFor(model, organisationId, at) {
      const { providers, declaredPrices } = index();
      const provider = providers.get(model.provider);
      if (!provider) return undefined;
      const general = () =>
        declaredPrices.get(model.name) ??
        (provider.catalogueId === undefined ? undefined : prices.findListed(model, provider.catalogueId, at));
      return prices.findOwn(organisationId, model.name, at) ?? general();
    },
    findGeneralPrice: (id) =>
      index()
        .declaredPrices.values()
        .find((price) => price.id === id) ?? prices.findListedById(id),
  };
}
