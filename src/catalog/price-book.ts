import type { Sql } from 'postgres';
import type { Model, Price } from '../domain/model.ts';
import type { Relay } from '../events/relay.ts';
import { createListedPrices } from './listed-price.ts';
import type { PriceList } from './price-list.ts';
import { EVERYBODY, findStoredList, findStoredListState, nameOf } from './price-lists.ts';
import { listOwnPrices } from './price-rows.ts';
import { createReloadQueue } from '../lib/reload-queue.ts';

/**
 * All prices that hold now or will, in memory: nobody who asks for one waits for the database. What organisations
 * have set is bounded where it is set.
 */
export interface PriceBook {
  list(): PriceList;
  /** What an organisation has set for a model, while that holds. */
  findOwn(organisationId: string, model: string, at: Date): Price | undefined;
  findListed(model: Model, catalogueId: string, at: Date): Price | undefined;
  /** A price of the list that was found lately. */
  findListedById(id: string): Price | undefined;
  /**
   * Reads anew what may have changed, of one organisation or of `EVERYBODY`. Never fails: what cannot be read now is
   * read as soon as it can be, and until then what was known holds.
   */
  reload(organisationId: string): Promise<void>;
  /** Calls the listener whenever prices have been read anew, of an organisation or of `EVERYBODY`. */
  listen(listener: (organisationId: string) => void): void;
  close(): Promise<void>;
}

/**
 * @param options.packaged holds for as long as no other list is stored.
 * @param options.relay tells what other instances, or the command line, have changed.
 * @throws Error when the database cannot be read.
 */
export async function openPriceBook(
  sql: Sql,
  options: { packaged: PriceList; relay: Pick<Relay, 'listen'>; onError: (error: unknown) => void },
): Promise<PriceBook> {
  const { packaged, relay, onError } = options;
  let list = packaged;
  let listed = createListedPrices(list);
  let own = new Map<string, OwnPrices>();

  async function readList(): Promise<void> {
    const state = await findStoredListState(sql);
    if (state && nameOf(state) === list.source) return;
    list = (await findStoredList(sql, onError)) ?? packaged;
    listed = createListedPrices(list);
  }

  async function readAll(): Promise<void> {
    own = groupPrices(await listOwnPrices(sql, undefined));
    await readList();
  }

  async function readOwn(organisationId: string): Promise<void> {
    const prices = groupPrices(await listOwnPrices(sql, organisationId)).get(organisationId);
    if (prices) own.set(organisationId, prices);
    else own.delete(organisationId);
  }

  const listeners = new Set<(organisationId: string) => void>();
  async function readAnew(organisationId: string): Promise<void> {
    await (organisationId === EVERYBODY ? readList() : readOwn(organisationId));
    for (const listener of listeners) listener(organisationId);
  }

  const first = readAll();
  const reloads = createReloadQueue(first, readAnew, onError);
  // Heard from before the first read is over, so that nothing falls between the two.
  const stopListening = relay.listen(({ kind, organisationId }) => {
    if (kind === 'PRICES_CHANGED') void reloads.add(organisationId);
  });
  await first.catch((error: unknown) => {
    stopListening();
    throw error;
  });
  return {
    list: () => list,
    findOwn(organisationId, model, at) {
      const price = own
        .get(organisationId)
        ?.get(model)
        ?.findLast(({ effectiveFrom }) => effectiveFrom! <= at);
      return price && price.rates.length > 0 ? price : undefined;
    },
    findListed: (model, catalogueId, at) => listed.find(model, catalogueId, at),
    findListedById: (id) => listed.findById(id),
    reload: (organisationId) => reloads.add(organisationId),
    listen: (listener) => void listeners.add(listener),
    close() {
      stopListening();
      return reloads.close();
    },
  };
}

/** Of one organisation by model, in the order in which they come to hold. */
type OwnPrices = Map<string, Price[]>;

function groupPrices(prices: readonly Price[]): Map<string, OwnPrices> {
  const byOrganisation = Map.groupBy(prices, (price) => price.organisationId ?? EVERYBODY);
  return new Map([...byOrganisation].map(([id, ofOne]) => [id, Map.groupBy(ofOne, (price) => price.model)]));
}
