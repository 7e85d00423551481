import DataLoader from 'dataloader';
import type { Page } from '../ledger/completions.ts';

export type ById<T> = DataLoader<string, T | null>;

/** Rows by their id; null for what is not there. */
export function byId<T extends { id: string }>(find: (ids: readonly string[]) => Promise<T[]>): ById<T> {
  return new DataLoader(async (ids) => {
    const found = new Map((await find(ids)).map((row) => [row.id, row]));
    return ids.map((id) => found.get(id) ?? null);
  });
}

/** A loader for each page that is asked for. */
export function pagesOf<T>(
  list: (ownerIds: readonly string[], page: Page) => Promise<T[]>,
  ownerOf: (row: T) => string,
): (page: Page) => DataLoader<string, T[]> {
  const pages = new Map<string, DataLoader<string, T[]>>();
  return (page) => {
    const name = `${page.first} ${page.after ?? ''}`;
    const known = pages.get(name);
    if (known) return known;
    const loader = new DataLoader<string, T[]>(async (ownerIds) => {
      const rows = Map.groupBy(await list(ownerIds, page), ownerOf);
      return ownerIds.map((id) => rows.get(id) ?? []);
    });
    pages.set(name, loader);
    return loader;
  };
}

/** How many rows each owner has. */
export function countOf(
  count: (ids: readonly string[]) => Promise<Map<string, number>>,
): DataLoader<string, number> {
  return new DataLoader(async (ids) => {
    const counts = await count(ids);
    return ids.map((id) => counts.get(id) ?? 0);
  });
}
