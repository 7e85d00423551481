import { APICallError } from '@ai-sdk/provider';
import type { FetchFunction } from '@ai-sdk/provider-utils';
import type { ProviderConfig } from '../config/config.ts';
import type { Ask } from '../domain/ask.ts';
import type { Chunk } from '../domain/completion.ts';
import { ModelUnavailable, ProviderError } from '../domain/errors.ts';
import type { Quota } from '../domain/quota.ts';
import { raceAbort } from '../lib/abort.ts';
import { systemClock } from '../lib/clock.ts';
import { askOtherKey, listSecrets, tellQuota } from './adapter.ts';
import { startCall } from './call.ts';
import { toProviderError } from './errors.ts';
import { createKeyPool, listKeys } from './key-pool.ts';
import type { Provider } from './provider.ts';
import type { ProviderRow } from './row.ts';

/** Embeds through the AI SDK package of a row: vectors, usage and a finish are all that comes of an ask. */
export function createVendorEmbedding(
  row: ProviderRow,
  config: ProviderConfig,
  fetch: FetchFunction,
): Provider['stream'] {
  const { name, baseURL = row.baseURL, headers, settings } = config;
  const keys = createKeyPool(listKeys(config), systemClock);
  const isPool = listKeys(config).length > 1;
  const state = { provider: name, secrets: listSecrets(config), begun: false };

  async function* readChunks(
    modelId: string,
    ask: Ask,
    signal: AbortSignal,
    onQuota: (quota: Quota) => void,
  ): AsyncGenerator<Chunk, void> {
    signal.throwIfAborted();
    if (!row.loadEmbedder) throw new ModelUnavailable(`the gateway cannot ask ${name} for embeddings`);
    const key = keys.take();
    try {
      const vendor = await row.loadEmbedder({ name, apiKey: key, baseURL, headers, settings, fetch });
      const values = textsOf(ask);
      const embedding = Promise.resolve(vendor(modelId).doEmbed({ values, abortSignal: signal }));
      const { embeddings, usage, response } = await raceAbort(embedding, signal);
      if (!isPool) tellQuota(response?.headers, onQuota);
      yield { type: 'vectors', vectors: ensureVectors(name, embeddings, values.length) };
      const input = usage?.tokens;
      if (input !== undefined)
        yield { type: 'usage', usage: { input, output: 0, cacheRead: 0, cacheWrite: 0, reasoning: 0 } };
      yield { type: 'finish', reason: 'STOP' };
    } catch (error) {
      signal.throwIfAborted();
      if (APICallError.isInstance(error) && !isPool) tellQuota(error.responseHeaders, onQuota);
      const fault = toProviderError(error, state);
      throw keys.refused(key, fault) ? askOtherKey(fault) : fault;
    }
  }
  return (modelId, ask, signal, onQuota = () => {}) =>
    startCall(signal, (call) => readChunks(modelId, ask, call, onQuota));
}

/** One for each message. */
export function textsOf({ messages }: Pick<Ask, 'messages'>): string[] {
  return messages.map(({ parts }) => parts.map((part) => (part.type === 'text' ? part.text : '')).join('\n'));
}

/** Some servers answer with fewer, or with text in the place of numbers. */
function ensureVectors(name: string, vectors: number[][], count: number): number[][] {
  const isWhole =
    vectors.length === count &&
    vectors.every((vector) => Array.isArray(vector) && vector.length > 0 && vector.every(Number.isFinite));
  if (!isWhole) throw new ProviderError(`${name} did not answer with one vector for each of ${count} texts`);
  return vectors;
}
