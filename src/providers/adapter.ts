import {
  APICallError,
  type LanguageModelV4,
  type LanguageModelV4StreamPart,
  type LanguageModelV4StreamResult,
} from '@ai-sdk/provider';
import type { FetchFunction } from '@ai-sdk/provider-utils';
import { LRUCache } from 'lru-cache';
import type { ProviderConfig } from '../config/config.ts';
import type { Ask } from '../domain/ask.ts';
import type { Chunk } from '../domain/completion.ts';
import { GatewayError } from '../domain/errors.ts';
import type { Quota } from '../domain/quota.ts';
import { raceAbort } from '../lib/abort.ts';
import { startCall } from './call.ts';
import { endedEarly, toProviderError, type CallState } from './errors.ts';
import { createPartReader } from './from-stream-parts.ts';
import type { Provider } from './provider.ts';
import { readQuota } from './read-quota.ts';
import type { CreateModel, ProviderRow } from './row.ts';
import { toCallOptions } from './to-call-options.ts';

/** Names come from callers where a provider takes any, so what is kept by name is bounded. */
const MAX_KEPT_MODELS = 200;
/** How long the end of the body may take after the finish before the connection is given up. */
const DRAIN_MS = 1_000;
/** Shorter values, such as a header's "1", would blot out ordinary words. */
const MIN_SECRET_CHARS = 8;

type PartStream = ReadableStreamDefaultReader<LanguageModelV4StreamPart>;

/** Streams through the AI SDK package of a row, which is loaded with the first call. */
export function createVendorStream(
  row: ProviderRow,
  config: ProviderConfig,
  fetch: FetchFunction,
): Provider['stream'] {
  const findModel = createModels(row, config, fetch);
  const secrets = listSecrets(config);

  async function* readChunks(
    modelId: string,
    ask: Ask,
    signal: AbortSignal,
    onQuota: (quota: Quota) => void,
  ): AsyncGenerator<Chunk, void> {
    const state: CallState = { provider: config.name, secrets, begun: false };
    const { read } = createPartReader(state);
    let parts: PartStream | undefined;
    let finished = false;
    // Cancelling ends a pending read at once (WHATWG Streams, 4.2.4), whatever the package does.
    const cancel = () => void parts?.cancel(signal.reason).catch(() => {});
    try {
      signal.throwIfAborted();
      const options = toCallOptions(ask, row, signal);
      const opened = await openStream(await raceAbort(findModel(modelId), signal), options, signal);
      parts = opened.stream.getReader();
      tellQuota(opened.response?.headers, onQuota);
      signal.addEventListener('abort', cancel, { once: true });
      while (!finished) {
        const { done, value } = await parts.read();
        signal.throwIfAborted();
        if (done) throw endedEarly(state);
        for (const chunk of read(value)) {
          finished = chunk.type === 'finish';
          yield chunk;
        }
      }
    } catch (error) {
      signal.throwIfAborted();
      if (APICallError.isInstance(error)) tellQuota(error.responseHeaders, onQuota);
      throw error instanceof GatewayError ? error : toProviderError(error, state);
    } finally {
      signal.removeEventListener('abort', cancel);
      if (finished && parts) void drain(parts);
      else cancel();
    }
  }
  return (modelId, ask, signal, onQuota = () => {}) =>
    startCall(signal, (call) => readChunks(modelId, ask, call, onQuota));
}

function createModels(row: ProviderRow, config: ProviderConfig, fetch: FetchFunction) {
  const models = new LRUCache<string, LanguageModelV4>({ max: MAX_KEPT_MODELS });
  let vendor: Promise<CreateModel> | undefined;

  return async (modelId: string): Promise<LanguageModelV4> => {
    const known = models.get(modelId);
    if (known) return known;
    const { name, apiKey, baseURL = row.baseURL, headers, settings } = config;
    vendor ??= row.load({ name, apiKey, baseURL, headers, settings, fetch });
    const model = (await vendor)(modelId);
    models.set(modelId, model);
    return model;
  };
}

/** Rejects at the abort even if the package does not; a stream that then comes too late is let go. */
async function openStream(
  model: LanguageModelV4,
  options: ReturnType<typeof toCallOptions>,
  signal: AbortSignal,
): Promise<LanguageModelV4StreamResult> {
  const opening = Promise.resolve(model.doStream(options));
  try {
    return await raceAbort(opening, signal);
  } catch (error) {
    if (signal.aborted) opening.then(cancelQuietly, () => {});
    throw error;
  }
}

function tellQuota(headers: Record<string, string> | undefined, onQuota: (quota: Quota) => void): void {
  const quota = headers && readQuota(headers);
  if (quota) onQuota(quota);
}

/** Reads the body to its end, so that the connection can serve the next call. */
async function drain(parts: PartStream): Promise<void> {
  const timer = setTimeout(() => void parts.cancel().catch(() => {}), DRAIN_MS);
  try {
    while (!(await parts.read()).done);
  } catch {
    // The answer is complete: what breaks behind it is of no interest.
  } finally {
    clearTimeout(timer);
  }
}

async function cancelQuietly({ stream }: LanguageModelV4StreamResult): Promise<void> {
  await stream.cancel().catch(() => {});
}

function listSecrets({ apiKey, headers, settings }: ProviderConfig): string[] {
  const values = [apiKey, settings['secretAccessKey'], settings['sessionToken'], ...Object.values(headers)];
  return values.filter((value): value is string => value !== undefined && value.length >= MIN_SECRET_CHARS);
}
