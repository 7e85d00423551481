import { refreshPrices, type Refreshed } from '../catalog/refresh.ts';
import { readEnvironment } from '../config/env.ts';
import { loadConfig } from '../config/load.ts';
import { openDatabase } from '../db/database.ts';
import { migrateDatabase } from '../db/migrate.ts';

/** Of each kind of change; a list of another vendor's making changes everything. */
const SHOWN = 100;

/**
 * Takes a price list into use in the database that the configuration names; running gateways on it hear of it.
 * @param given a file or a URL; the source in the configuration unless given.
 */
export async function runPricesRefresh(given: string | undefined): Promise<void> {
  const config = loadConfig(readEnvironment());
  const source = given ?? config.prices.source;
  if (source === undefined) throw new Error('name a file or a URL, or set prices.source in the config file');
  const database = await openDatabase(config);
  try {
    await migrateDatabase(database);
    const { signal } = new AbortController();
    const refreshed = await refreshPrices(database.sql, source, signal, config.network.allowPrivate);
    process.stdout.write(describe(refreshed));
  } finally {
    await database.close();
  }
}

function describe({ source, models, changes: { added, removed, repriced } }: Refreshed): string {
  const counts = `${added.length} added, ${removed.length} removed, ${repriced.length} with another price`;
  return [
    ...shorten(added.map((model) => `+ ${model}`)),
    ...shorten(removed.map((model) => `- ${model}`)),
    ...shorten(repriced.map(({ model, before, after }) => `~ ${model}: ${before} => ${after}`)),
    `${source}: ${models} models; ${counts}`,
    '',
  ].join('\n');
}

function shorten(lines: string[]): string[] {
  if (lines.length <= SHOWN) return lines;
  return [...lines.slice(0, SHOWN), `  and ${lines.length - SHOWN} more`];
}
