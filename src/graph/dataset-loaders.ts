import DataLoader from 'dataloader';
import type { ISql } from 'postgres';
import type { DatasetCase } from '../domain/evaluation.ts';
import type { Principal } from '../domain/principal.ts';
import {
  findCases,
  listCases,
  readDatasets,
  type StoredDataset,
  type VersionOfDataset,
} from '../evaluations/rows.ts';
import type { Page } from '../ledger/completions.ts';
import { byId, type ById } from './batches.ts';

/** Reads of datasets. */
export interface DatasetLoaders {
  dataset: ById<StoredDataset>;
  datasetCase: ById<DatasetCase>;
  casesOfDataset(page: Page): DataLoader<VersionOfDataset, DatasetCase[], string>;
}

export function createDatasetLoaders(sql: ISql, { organisationId }: Principal): DatasetLoaders {
  const pages = new Map<string, DataLoader<VersionOfDataset, DatasetCase[], string>>();
  return {
    dataset: byId((ids) => readDatasets(sql, organisationId, { ids })),
    datasetCase: byId((ids) => findCases(sql, organisationId, ids)),
    casesOfDataset(page) {
      const name = `${page.first} ${page.after ?? ''}`;
      const loader =
        pages.get(name) ??
        new DataLoader(
          (versions: readonly VersionOfDataset[]) => listCases(sql, organisationId, versions, page),
          {
            cacheKeyFn: ({ datasetId, version }) => `${datasetId} ${version}`,
          },
        );
      pages.set(name, loader);
      return loader;
    },
  };
}
