import type { FetchFunction } from '@ai-sdk/provider-utils';
import type { ProviderConfig } from '../config/config.ts';
import { InvalidInput, ModelUnavailable } from '../domain/errors.ts';
import { createAddressGuard } from '../lib/safe-address.ts';
import { continueCompatible } from './continuation.ts';
import { createConfigured, createLocal, createUnconfigured } from './create-provider.ts';
import { createDemoProvider } from './demo/provider.ts';
import { createVendorHttp } from './fetch.ts';
import { LOCAL_PORTS, LOCAL_URL, probeLocalServers, type LocalName } from './local.ts';
import type { Provider } from './provider.ts';
import { PROVIDER_TABLE } from './table.ts';

/** Everyone the gateway can ask, and those it could ask if they were set up. */
export interface Providers {
  /** Configured ones first, then local servers and the demo, then those that lack a key. */
  list(): readonly Provider[];
  find(name: string): Provider | undefined;
  /**
   * As `Provider.stream`, of the one with this name.
   * @throws ModelUnavailable when there is none.
   */
  stream(name: string, ...call: Parameters<Provider['stream']>): ReturnType<Provider['stream']>;
  /** Looks again which local servers run. Takes 400 ms at most; leaves all other providers alone. */
  probe(signal: AbortSignal): Promise<void>;
  /** Breaks off running calls and closes the connections. */
  close(): Promise<void>;
}

export interface ProvidersOptions {
  /**
   * Of several entries with one name the first counts; one of the same type behind it fills what that leaves
   * open, so an entry of the config that names no key takes the one found in the environment.
   */
  configs: readonly ProviderConfig[];
  probeLocal: boolean;
  /** The ports to probe instead of the usual ones. */
  probePorts?: Partial<Record<LocalName, number>>;
  /** Networks that may be called although they are private, in CIDR notation. */
  allowPrivate?: readonly string[];
  /** Replaces the network. */
  fetch?: FetchFunction;
}

/** @throws InvalidInput that lists every provider with an unknown type or a reserved name. */
export function createProviders(options: ProvidersOptions): Providers {
  const declaredUrls = options.configs.map(({ baseURL }) => baseURL);
  const urls = [...declaredUrls, options.probeLocal ? LOCAL_URL : undefined];
  const http = createVendorHttp(createAddressGuard({ networks: options.allowPrivate ?? [], urls }));
  const fetch = options.fetch ?? http.fetch;
  const demo = createDemoProvider();
  const declared = findRows(mergeByName(options.configs), [demo.info.name]).map(({ row, config }) =>
    createConfigured(row, config, fetch),
  );
  const names = new Set(declared.map((provider) => provider.info.name));
  const unconfigured = PROVIDER_TABLE.filter((row) => row.signIn.length > 0 && !names.has(row.type)).map(
    (row) => createUnconfigured(row, fetch),
  );
  const ready = declared.filter((provider) => provider.info.configured);
  const waiting = [...declared.filter((provider) => !provider.info.configured), ...unconfigured];

  let all: readonly Provider[] = [];
  let byName: ReadonlyMap<string, Provider> = new Map();
  function arrange(local: readonly Provider[]): void {
    all = [...ready, ...local, demo, ...waiting];
    byName = new Map(all.map((provider) => [provider.info.name, provider]));
  }
  arrange([]);

  async function probe(signal: AbortSignal): Promise<void> {
    if (!options.probeLocal) return;
    const servers = await probeLocalServers(fetch, options.probePorts ?? LOCAL_PORTS, signal);
    arrange(servers.filter(({ name }) => !names.has(name)).map((server) => createLocal(server, fetch)));
  }
  return {
    list: () => all,
    find: (name) => byName.get(name),
    stream(name, ...call) {
      const provider = byName.get(name);
      if (!provider) throw new ModelUnavailable(`the provider ${JSON.stringify(name)} is gone`);
      return provider.stream(...call);
    },
    probe,
    close: http.close,
  };
}

function mergeByName(configs: readonly ProviderConfig[]): ProviderConfig[] {
  const merged = new Map<string, ProviderConfig>();
  for (const config of configs) {
    const first = merged.get(config.name);
    if (!first) merged.set(config.name, config);
    else if (first.type === config.type) {
      const { baseURL = config.baseURL } = first;
      const apiKey = first.apiKey ?? (first.apiKeys ? undefined : config.apiKey);
      merged.set(config.name, {
        ...first,
        apiKey,
        baseURL,
        settings: { ...config.settings, ...first.settings },
      });
    }
  }
  return [...merged.values()];
}

function findRows(configs: readonly ProviderConfig[], reserved: readonly string[]) {
  const types = PROVIDER_TABLE.map((row) => row.type);
  const issues: { path: string[]; message: string }[] = [];
  const found = configs.flatMap((config) => {
    const { name, type } = config;
    const row = PROVIDER_TABLE.find((entry) => entry.type === type);
    if (reserved.includes(name)) {
      issues.push({
        path: ['providers', name],
        message: `providers.${name} has the name of a built-in provider`,
      });
    }
    if (row && config.continuation !== undefined && row.continuation !== continueCompatible) {
      const message = `providers.${name}.continuation is only for servers of OpenAI's wire format; leave it out`;
      issues.push({ path: ['providers', name, 'continuation'], message });
    }
    if (row) return [{ row, config }];
    const message = `providers.${name}.type is ${JSON.stringify(type)}; it must be one of ${types.join(', ')}`;
    issues.push({ path: ['providers', name, 'type'], message });
    return [];
  });
  if (issues.length > 0) throw new InvalidInput(issues);
  return found;
}
