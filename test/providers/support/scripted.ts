import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { ProviderConfig } from '../../../src/config/config.ts';
import type { AskInput } from '../../../src/domain/ask.ts';
import type { Provider } from '../../../src/providers/provider.ts';
import { createProviders, type ProvidersOptions } from '../../../src/providers/providers.ts';
import { askFor, collect, never, type Collected } from './collect.ts';
import { readBody, sendEvents, startUpstream } from './upstream.ts';
import { configFor, VENDORS } from './vendors.ts';

/** All vendors behind one server that answers with the bytes a test gives it. */
export interface Scripted {
  url: string;
  answer: (response: ServerResponse) => void;
  lastBody: string;
  lastHeaders: IncomingHttpHeaders;
  requests: number;
  /** The provider of a type; `chat` is OpenAI's older format. */
  find(name: string): Provider;
  ask(name: string, input?: Partial<AskInput>): Promise<Collected>;
  close(): Promise<void>;
}

export async function startScripted(): Promise<Scripted> {
  const upstream = await startUpstream((request, response) => void receive(request, response));
  const configs = VENDORS.map((vendor) => ({ ...configFor(vendor, upstream.url), name: nameOf(vendor) }));
  const providers = createProviders({ configs, probeLocal: false });
  const find = (name: string): Provider => {
    const provider = providers.find(name);
    if (!provider) throw new Error(`no provider ${name}`);
    return provider;
  };
  const scripted: Scripted = {
    url: upstream.url,
    answer: (response) => response.end(),
    lastBody: '',
    lastHeaders: {},
    requests: 0,
    find,
    ask(name, input) {
      const model = VENDORS.find((vendor) => nameOf(vendor) === name)?.model ?? 'any';
      return collect(find(name).stream(model, askFor('hello', input), never()));
    },
    async close() {
      await providers.close();
      await upstream.close();
    },
  };
  async function receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    scripted.requests += 1;
    scripted.lastBody = await readBody(request);
    scripted.lastHeaders = request.headers;
    scripted.answer(response);
  }
  return scripted;
}

/** Two rows run in two formats each, and a name stands for one provider. */
export function nameOf({ type, settings }: (typeof VENDORS)[number]): string {
  return settings?.['api'] ?? (settings?.['deploymentUrls'] ? 'azure-deployments' : type);
}

/** One ask of one provider that lives no longer than that. */
export async function askAlone(
  config: ProviderConfig,
  options: { fetch?: ProvidersOptions['fetch']; signal?: AbortSignal } = {},
): Promise<Collected> {
  const { fetch, signal = never() } = options;
  const providers = createProviders({ configs: [config], probeLocal: false, ...(fetch && { fetch }) });
  const provider = providers.find(config.name);
  if (!provider) throw new Error(`no provider ${config.name}`);
  const collected = await collect(provider.stream('m', askFor('hello'), signal));
  await providers.close();
  return collected;
}

/** Answers with server-sent events and a proper end. */
export function events(...list: (object | string)[]): Scripted['answer'] {
  return (response) => {
    sendEvents(response, list);
    response.end();
  };
}

/** One event of an OpenAI-compatible chat stream. */
export function chatChunk(delta: object, more: object = {}): object {
  const choices = [{ index: 0, delta, finish_reason: null, ...more }];
  return { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1_760_000_000, model: 'm', choices };
}
