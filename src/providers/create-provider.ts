import type { FetchFunction } from '@ai-sdk/provider-utils';
import type { ProviderConfig } from '../config/config.ts';
import { ModelUnavailable } from '../domain/errors.ts';
import { createVendorStream } from './adapter.ts';
import { createVendorEmbedding } from './embed.ts';
import { findContinuation } from './continuation.ts';
import { findMissing } from './detect.ts';
import type { LocalServer } from './local.ts';
import type { Provider } from './provider.ts';
import type { ProviderRow } from './row.ts';
import { PROVIDER_TABLE } from './table.ts';

/** A provider of the config or the environment; one that lacks a key is known, and refuses to stream. */
export function createConfigured(row: ProviderRow, config: ProviderConfig, fetch: FetchFunction): Provider {
  const needs = findMissing(row, config);
  const { name, type, models, region } = config;
  return {
    info: {
      name,
      displayName: name === type ? row.displayName : name,
      kind: row.kind,
      configured: needs === undefined,
      needs,
      region,
    },
    declaredModels: models,
    catalogueId: row.catalogueId,
    openNames: row.openNames,
    continues: (modelId) => findContinuation(row, config, modelId) !== undefined,
    stream: needs === undefined ? createCalls(row, config, fetch) : refuse(name, needs),
  };
}

function createCalls(row: ProviderRow, config: ProviderConfig, fetch: FetchFunction): Provider['stream'] {
  const answer = createVendorStream(row, config, fetch);
  const embed = createVendorEmbedding(row, config, fetch);
  return (modelId, ask, ...rest) => (ask.embeds ? embed : answer)(modelId, ask, ...rest);
}

/** Nobody sends a bill for what this machine does, so these models have a price, and it is zero. */
export function createLocal(server: LocalServer, fetch: FetchFunction): Provider {
  const { name, displayName, baseURL, modelIds, continuation } = server;
  const models = modelIds.map((id) => ({ id, price: { input: '0', output: '0' } }));
  const config = {
    name,
    type: 'openai-compatible',
    baseURL,
    continuation,
    headers: {},
    settings: {},
    models,
  };
  const row = PROVIDER_TABLE.find((entry) => entry.type === config.type);
  if (!row) throw new Error(`the provider table has no row ${config.type}`);
  const provider = createConfigured(row, config, fetch);
  return { ...provider, info: { ...provider.info, displayName, kind: 'LOCAL' }, openNames: false };
}

/** A vendor that nobody has set up, listed so that one can see what to set. */
export function createUnconfigured(row: ProviderRow, fetch: FetchFunction): Provider {
  const config = { name: row.type, type: row.type, headers: {}, settings: {}, models: [] };
  return createConfigured(row, config, fetch);
}

function refuse(name: string, needs: string): Provider['stream'] {
  const next = () => Promise.reject(new ModelUnavailable(`${name} is not set up: set ${needs}`));
  return () => ({ [Symbol.asyncIterator]: () => ({ next }) });
}
