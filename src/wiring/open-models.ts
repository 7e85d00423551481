import { createCatalog, type Catalog } from '../catalog/catalog.ts';
import { openModelBook } from '../catalog/lifecycle/book.ts';
import type { ModelSetting } from '../catalog/lifecycle/set.ts';
import { openPriceBook } from '../catalog/price-book.ts';
import { packagedPriceList } from '../catalog/price-list.ts';
import type { PriceStore } from '../catalog/set-price.ts';
import { systemClock } from '../lib/clock.ts';
import { loadTokenizer } from '../lib/tokens.ts';
import { createUpstreams, type Upstreams } from '../limits/upstream/upstreams.ts';
import { detectFromEnvironment } from '../providers/detect.ts';
import { createProviders, type Providers } from '../providers/providers.ts';
import type { Opening } from './opening.ts';
import type { Store } from './open-store.ts';

const PROBE_WITHIN_MS = 1_000;

/** Who can be asked, and how much at a time. Needs no database: opened while that is. */
export interface Vendors {
  providers: Providers;
  upstreams: Upstreams;
  packagedPrices: Awaited<ReturnType<typeof packagedPriceList>>;
}

/** What can be asked for, and at what price. */
export interface Models {
  catalog: Catalog;
  prices: PriceStore;
  /** Other names of models, and when models come to their end. */
  modelSetting: ModelSetting;
}

export async function openVendors({ config, variables, opened }: Opening): Promise<Vendors> {
  await loadTokenizer();
  const detected = config.detectProviders ? detectFromEnvironment(variables) : [];
  const providers = createProviders({
    ...config.network,
    configs: [...config.providers, ...detected],
    probeLocal: config.detectProviders,
  });
  opened.defer(() => providers.close());
  await providers.probe(AbortSignal.timeout(PROBE_WITHIN_MS));
  const upstreams = createUpstreams(config.limits, systemClock);
  return { providers, upstreams, packagedPrices: await packagedPriceList() };
}

export async function openModels(
  { config, logger, opened }: Opening,
  { database: { sql }, relay, announceCommit }: Store,
  { providers, packagedPrices }: Vendors,
): Promise<Models> {
  const onError = (err: unknown) =>
    logger.error({ err }, 'prices cannot be read; those that were known hold on');
  const book = await openPriceBook(sql, { packaged: packagedPrices, relay, onError });
  opened.defer(() => book.close());
  const catalog = createCatalog({ listProviders: () => providers.list(), prices: book });
  const names = await openModelBook(sql, {
    config: config.models,
    relay,
    onError: (err) => logger.error({ err }, 'names of models cannot be read; those that were known hold on'),
  });
  opened.defer(() => names.close());
  const { findModel, isListed } = catalog;
  for (const [alias, model] of Object.entries(config.models.aliases))
    if (!findModel(model))
      logger.warn({ alias, model }, 'an alias leads to no model of a configured provider');
  const setting = { sql, findModel, onChange: announceCommit };
  return { catalog, prices: { ...setting, book }, modelSetting: { ...setting, book: names, isListed } };
}
