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
import { GatewayError, ProviderError } from '../domain/errors.ts';
import type { Quota } from '../domain/quota.ts';
import { raceAbort } from '../lib/abort.ts';
import { systemClock } from '../lib/clock.ts';
import { startCall } from './call.ts';
import { createRepetitionFilter, findContinuation } from './continuation.ts';
import { endedEarly, toProviderError, type CallState } from './errors.ts';
import { createPartReader } from './from-stream-parts.ts';
import { createKeyPool, listKeys } from './key-pool.ts';
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
  const keys = createKeyPool(listKeys(config), systemClock);
  // What one of several keys has left is not what the model has.
  const isPool = listKeys(config).length > 1;

  async function* readChunks(
    modelId: string,
    ask: Ask,
    signal: AbortSignal,
    onQuota: (quota: Quota) => void,
  ): AsyncGenerator<Chunk, void> {
    const state: CallState = { provider: config.name, secrets, begun: false };
    const { read } = createPartReader(state);
    const key = keys.take();
    let parts: PartStream | undefined;
    let finished = false;
    // Cancelling ends a pending read at once (WHATWG Streams, 4.2.4), whatever the package does.
    const cancel = () => void parts?.cancel(signal.reason).catch(() => {});
    try {
      signal.throwIfAborted();
      const { answerSoFar = '' } = ask;
      const continuation = answerSoFar ? findContinuation(row, config, modelId) : undefined;
      const unrepeated = createRepetitionFilter(continuation?.repeats ? answerSoFar : '');
      const options = toCallOptions(ask, row, signal, continuation);
      const opened = await openStream(await raceAbort(findModel(modelId, key), signal), options, signal);
      parts = opened.stream.getReader();
      if (!isPool) tellQuota(opened.response?.headers, onQuota);
      signal.addEventListener('abort', cancel, { once: true });
      while (!finished) {
        const { done, value } = await parts.read();
        signal.throwIfAborted();
        if (done) throw endedEarly(state);
        for (const chunk of read(value).flatMap(unrepeated)) {
          finished = chunk.type === 'finish';
          yield chunk;
        }
      }
    } catch (error) {
      signal.throwIfAborted();
      if (APICallError.isInstance(error) && !isPool) tellQuota(error.responseHeaders, onQuota);
      if (error instanceof GatewayError && !(error instanceof ProviderError)) throw error;
      const fault = toProviderError(error, state);
      throw keys.refused(key, fault) ? askOtherKey(fault) : fault;
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
  const vendors = new Map<string | undefined, Promise<CreateModel>>();

  return async (modelId: string, apiKey: string | undefined): Promise<LanguageModelV4> => {
    const id = JSON.stringify([modelId, apiKey]);
    const known = models.get(id);
    if (known) return known;
    const { name, baseURL = row.baseURL, headers, settings } = config;
    const vendor = vendors.get(apiKey) ?? row.load({ name, apiKey, baseURL, headers, settings, fetch });
    vendors.set(apiKey, vendor);
    const model = (await vendor)(modelId);
    models.set(id, model);
    return model;
  };
}

/** Another key can be used at once, so the same request may succeed. */
export function askOtherKey(fault: ProviderError): ProviderError {
  const { message, httpStatus, cut } = fault;
  const code = fault.code === 'RATE_LIMITED' ? 'RATE_LIMITED' : 'PROVIDER_ERROR';
  return new ProviderError(message, { code, httpStatus, cut, retryable: !cut });
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

export function tellQuota(
  headers: Record<string, string> | undefined,
  onQuota: (quota: Quota) => void,
): void {
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

export function listSecrets(config: ProviderConfig): string[] {
  const { headers, settings } = config;
  const values = [
    ...listKeys(config),
    settings['secretAccessKey'],
    settings['sessionToken'],
    ...Object.values(headers),
  ];
  return values.filter((value): value is string => value !== undefined && value.length >= MIN_SECRET_CHARS);
}
