import type { ProviderConfig } from '../config/config.ts';
import { listKeys } from './key-pool.ts';
import type { ProviderRow, Variables } from './row.ts';
import { PROVIDER_TABLE } from './table.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The providers whose keys stand in the environment under their usual names, one for each row of the table. */
export function detectFromEnvironment(environment: Environment): ProviderConfig[] {
  return PROVIDER_TABLE.flatMap((row) => {
    const way = row.signIn.find((variables) =>
      Object.values(variables).every((variable) => environment[variable]?.trim()),
    );
    return way ? [toConfig(row, readVariables({ ...row.optional, ...way }, environment))] : [];
  });
}

/** What to set before a provider can be called, in the words of its first way to sign in; undefined when nothing is missing. */
export function findMissing(row: ProviderRow, config: ProviderConfig | undefined): string | undefined {
  if (row.signIn.length === 0)
    return config?.baseURL ? undefined : `a baseURL for ${config?.name ?? row.type}`;
  const given: Record<string, unknown> = {
    ...config?.settings,
    apiKey: config && listKeys(config)[0],
    baseURL: config?.baseURL,
  };
  const complete = row.signIn.some((way) => Object.keys(way).every((field) => given[field]));
  if (complete) return undefined;
  const [way = {}] = row.signIn;
  const missing = Object.keys(way).filter((field) => !given[field]);
  return missing.map((field) => way[field]).join(' and ');
}

/** Variables that are set to the empty string count as not set, as shells and compose files write them. */
function readVariables(variables: Variables, environment: Environment): Record<string, string> {
  const fields: Record<string, string> = {};
  for (const [field, variable] of Object.entries(variables)) {
    const value = environment[variable]?.trim();
    if (value) fields[field] = value;
  }
  return fields;
}

function toConfig(row: ProviderRow, fields: Record<string, string>): ProviderConfig {
  const { apiKey, baseURL, ...settings } = fields;
  return { name: row.type, type: row.type, apiKey, baseURL, headers: {}, settings, models: [] };
}
