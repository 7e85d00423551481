import type { Sql } from 'postgres';
import { compareLists, type ListChanges } from './compare-lists.ts';
import { describeSource, fetchList } from './fetch-list.ts';
import { packagedPriceList } from './price-list.ts';
import { findStoredList, findStoredListState, noteUnchanged, storeList } from './price-lists.ts';
import { readList } from './read-list.ts';

const HOUR_MS = 3_600_000;

export interface Refreshed {
  /** Where the list came from, without credentials. */
  source: string;
  models: number;
  changes: ListChanges;
}

/**
 * Takes the price list of a file or URL into use, on every instance. A list with any fault is refused whole, and the
 * one in use stays.
 * @param allowPrivate networks that it may come from although they are private.
 * @throws Error in one line, which shows no credentials.
 */
export async function refreshPrices(
  sql: Sql,
  source: string,
  signal: AbortSignal,
  allowPrivate: readonly string[] = [],
): Promise<Refreshed> {
  const name = describeSource(source);
  const loaded = await fetchList(source, signal, allowPrivate)
    .then((text) => readList(text, name))
    .catch((error: Error) => {
      throw new Error(`the price list of ${name} is not taken: ${error.message}`, { cause: error.cause });
    });
  const inUse = await findStoredListState(sql);
  const before = (await findStoredList(sql, () => {})) ?? (await packagedPriceList());
  const isKnown = inUse?.sha256 === loaded.sha256 && inUse.source === loaded.source;
  await (isKnown ? noteUnchanged(sql, loaded) : storeList(sql, loaded));
  return {
    source: name,
    models: loaded.providers.reduce((sum, { models }) => sum + models.length, 0),
    changes: compareLists(before.providers, loaded.providers),
  };
}

/** Refreshes when the list in use is of another source, or was last looked at long enough ago. */
export async function refreshWhenDue(
  sql: Sql,
  { source, refreshHours }: { source: string; refreshHours: number },
  signal: AbortSignal,
  allowPrivate: readonly string[] = [],
): Promise<Refreshed | undefined> {
  const inUse = await findStoredListState(sql);
  const isFresh =
    inUse?.source === describeSource(source) &&
    Date.now() - inUse.loadedAt.getTime() < refreshHours * HOUR_MS;
  return isFresh ? undefined : refreshPrices(sql, source, signal, allowPrivate);
}
