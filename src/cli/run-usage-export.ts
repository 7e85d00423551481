import { writeFile } from 'node:fs/promises';
import { DEFAULT_ORGANISATION } from '../access/bootstrap.ts';
import { readEnvironment } from '../config/env.ts';
import { loadConfig } from '../config/load.ts';
import { openDatabase } from '../db/database.ts';
import { migrateDatabase } from '../db/migrate.ts';
import { GRANULARITIES, USAGE_DIMENSIONS } from '../usage/dimensions.ts';
import { EXPORT_FORMATS, exportUsage } from '../usage/export.ts';
import { reportUsage, type UsageAsk } from '../usage/report.ts';

/** What was given on the command line, all of it text. */
export interface UsageExportOptions {
  from: string;
  to?: string;
  granularity?: string;
  groupBy?: string;
  timeZone: string;
  format: string;
  organisation?: string;
  out?: string;
}

/** Writes a report of usage, to a file or to standard output, from the database that the configuration names. */
export async function runUsageExport(options: UsageExportOptions): Promise<void> {
  const ask = toAsk(options);
  const format = choose('format', options.format, EXPORT_FORMATS);
  const database = await openDatabase(loadConfig(readEnvironment()));
  try {
    await migrateDatabase(database);
    const organisationId = options.organisation ?? DEFAULT_ORGANISATION;
    const text = exportUsage(await reportUsage(database.db, { organisationId }, ask), ask, format);
    if (options.out === undefined) process.stdout.write(text);
    else await writeFile(options.out, text, { flag: 'wx', mode: 0o600 });
  } finally {
    await database.close();
  }
}

function toAsk({ from, to, granularity, groupBy, timeZone }: UsageExportOptions): UsageAsk {
  const dimensions = groupBy?.split(',').map((name) => choose('group-by', name.trim(), USAGE_DIMENSIONS));
  return {
    range: { from: toDate('from', from), to: to === undefined ? undefined : toDate('to', to) },
    granularity: granularity === undefined ? undefined : choose('granularity', granularity, GRANULARITIES),
    groupBy: dimensions ?? [],
    timeZone,
    filter: {},
    withHistograms: true,
  };
}

/** Names may be written as they are typed: `day`, `end-user`. */
function choose<Name extends string>(option: string, given: string, names: readonly Name[]): Name {
  const wanted = given.toUpperCase().replaceAll('-', '_');
  const name = names.find((each) => each === wanted);
  if (name) return name;
  throw new Error(
    `--${option} is ${JSON.stringify(given)}; it must be one of ${names.join(', ').toLowerCase()}`,
  );
}

function toDate(option: string, given: string): Date {
  const date = new Date(given);
  if (!Number.isNaN(date.getTime())) return date;
  throw new Error(
    `--${option} is ${JSON.stringify(given)}; it must be a time such as "2026-11-01T00:00:00Z"`,
  );
}
