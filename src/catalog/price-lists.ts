import type { Sql } from 'postgres';
import { toJsonParameter } from '../db/json.ts';
import { appendEvent } from '../events/outbox.ts';
import type { ListedProvider } from './list-format.ts';
import { createPriceList, type PriceList } from './price-list.ts';
import { toProviders } from './read-list.ts';

/** Stands in an event for every organisation: the price list has changed. */
export const EVERYBODY = '';

const LISTS_KEPT = 10;
const DIGEST_SHOWN = 8;

/** A price list that was loaded over the one in the package. */
export interface LoadedList {
  /** Where it came from, without credentials. */
  source: string;
  sha256: string;
  providers: readonly ListedProvider[];
}

/** When the list in use was last found to be what its source says, and what that source is. */
export interface StoredListState {
  source: string;
  sha256: string;
  loadedAt: Date;
}

export async function findStoredListState(sql: Sql): Promise<StoredListState | undefined> {
  const [row] = await sql<{ source: string; sha256: string; at: number }[]>`
    SELECT source, sha256, extract(epoch FROM loaded_at)::float8 * 1000 AS at FROM price_lists ORDER BY id DESC LIMIT 1`;
  return row && { source: row.source, sha256: row.sha256, loadedAt: new Date(row.at) };
}

/**
 * The list in use; undefined when it is the one in the package.
 * @param onFault hears when it cannot be understood any more, and the one in the package is used instead.
 */
export async function findStoredList(
  sql: Sql,
  onFault: (error: unknown) => void,
): Promise<PriceList | undefined> {
  const [row] = await sql<{ source: string; sha256: string; document: unknown }[]>`
    SELECT source, sha256, document FROM price_lists ORDER BY id DESC LIMIT 1`;
  if (!row) return undefined;
  try {
    return createPriceList(nameOf(row), toProviders(row.document));
  } catch (error) {
    onFault(error);
    return undefined;
  }
}

/** Puts a list into use, tells every instance, and forgets those of long ago. */
export async function storeList(sql: Sql, { source, sha256, providers }: LoadedList): Promise<void> {
  const document = toJsonParameter(providers);
  await sql.begin(async (tx) => {
    // The last id is in use, so a list that was in use before moves to the end again.
    await tx`
      INSERT INTO price_lists (source, sha256, document) VALUES (${source}, ${sha256}, ${document}::text::jsonb)
      ON CONFLICT (sha256) DO UPDATE SET id = nextval(pg_get_serial_sequence('price_lists', 'id')),
        source = excluded.source, loaded_at = now()`;
    await tx`
      DELETE FROM price_lists WHERE id NOT IN (SELECT id FROM price_lists ORDER BY id DESC LIMIT ${LISTS_KEPT}::int)`;
    await appendEvent(tx, { kind: 'PRICES_CHANGED', organisationId: EVERYBODY, subjectId: sha256 });
  });
}

/** The source still says what the list in use does. */
export async function noteUnchanged(sql: Sql, { sha256 }: LoadedList): Promise<void> {
  await sql`UPDATE price_lists SET loaded_at = now() WHERE sha256 = ${sha256}`;
}

/** Its name and version, as every price of it tells it. */
export function nameOf({ source, sha256 }: Pick<LoadedList, 'source' | 'sha256'>): string {
  return `${source} ${sha256.slice(0, DIGEST_SHOWN)}`;
}
