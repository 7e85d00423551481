import { bigserial, index, jsonb, snakeCase, text, timestamp, uniqueIndex } from 'drizzle-orm/pg-core';
import type { StoredRate } from '../../domain/model.ts';

/**
 * Every price that has priced anything, and every price an organisation has set. Append only: a row is never changed,
 * so that what an entry of the journal names stays what it was.
 */
export const prices = snakeCase.table(
  'prices',
  {
    /** Made from the content, so that every process finds the same row. */
    id: text().primaryKey(),
    /** Null: a price of the list, or of the config. */
    organisationId: text(),
    provider: text().notNull(),
    model: text().notNull(),
    /** Null, for a price that an organisation has set: from then on the list's price holds again. */
    rates: jsonb().$type<StoredRate[]>(),
    source: text().notNull(),
    effectiveFrom: timestamp({ withTimezone: true }),
    createdAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [index('prices_by_model').on(table.organisationId, table.model, table.effectiveFrom)],
);

/** Price lists that were loaded over the one in the package; the last one is in use. */
export const priceLists = snakeCase.table(
  'price_lists',
  {
    id: bigserial({ mode: 'bigint' }).primaryKey(),
    /** Where it came from: a file's name or a URL without its credentials. */
    source: text().notNull(),
    sha256: text().notNull(),
    document: jsonb().$type<unknown>().notNull(),
    loadedAt: timestamp({ withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [uniqueIndex('price_lists_once').on(table.sha256)],
);
