import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { AskInput } from '../../src/domain/ask.ts';
import { createProviders, type Providers } from '../../src/providers/providers.ts';
import { asProviderError, askFor, collect, never, ofType } from './support/collect.ts';
import { readBody, sendEvents, startUpstream, type Upstream } from './support/upstream.ts';
import { API_KEY, configFor, VENDORS } from './support/vendors.ts';

/** Bytes as the vendors send them, for what the mock vendor does not do. */
let answer: (response: ServerResponse) => void;
let lastBody = '';
let requests = 0;
let upstream: Upstream;
let providers: Providers;

beforeAll(async () => {
  upstream = await startUpstream(async (request, response) => {
    requests += 1;
    lastBody = await readBody(request);
    answer(response);
  });
  const configs = VENDORS.map((vendor) => ({
    ...configFor(vendor, upstream.url),
    name: vendor.settings?.['api'] ?? (vendor.settings?.['deploymentUrls'] ? 'azure-deployments' : vendor.type),
  }));
  providers = createProviders({ configs, probeLocal: false });
});
afterAll(async () => {
  await providers.close();
  await upstream.close();
});

const events =
  (...list: (object | string)[]) =>
  (response: ServerResponse) => {
    sendEvents(response, list);
    response.end();
  };

function ask(provider: string, input: Partial<AskInput> = {}) {
  const found = providers.find(provider);
  if (!found) throw new Error(`no provider ${provider}`);
  const model = VENDORS.find((vendor) => vendor.type === provider)?.model ?? 'gpt-4.1';
  return collect(found.stream(model, askFor('hello', input), never()));
}

const chatChunk = (delta: object, more: object = {}) => ({
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  created: 1_760_000_000,
  model: 'm',
  choices: [{ index: 0, delta, finish_reason: null, ...more }],
});

describe('usage', () => {
  test('OpenAI Responses: cached and reasoning tokens are parts of input and output', async () => {
    answer = events(
      { type: 'response.created', response: { id: 'resp_1', object: 'response', created_at: 1, model: 'gpt-5' } },
      { type: 'response.output_item.added', output_index: 0, item: { type: 'message', id: 'msg_1' } },
      { type: 'response.output_text.delta', item_id: 'msg_1', output_index: 0, content_index: 0, delta: 'Hi' },
      {
        type: 'response.completed',
        response: {
          usage: {
            input_tokens: 100,
            input_tokens_details: { cached_tokens: 40 },
            output_tokens: 50,
            output_tokens_details: { reasoning_tokens: 20 },
          },
        },
      },
    );
    const { chunks, text } = await ask('openai');
    expect(text).toBe('Hi');
    expect(ofType(chunks, 'usage')).toEqual([
      { type: 'usage', usage: { input: 100, output: 50, cacheRead: 40, cacheWrite: 0, reasoning: 20 } },
    ]);
  });

  test('OpenAI Responses: an answer that ran into the limit is incomplete', async () => {
    answer = events(
      { type: 'response.created', response: { id: 'resp_1', object: 'response', created_at: 1, model: 'gpt-5' } },
      { type: 'response.output_item.added', output_index: 0, item: { type: 'message', id: 'msg_1' } },
      { type: 'response.output_text.delta', item_id: 'msg_1', output_index: 0, content_index: 0, delta: 'Hi' },
      {
        type: 'response.incomplete',
        response: {
          incomplete_details: { reason: 'max_output_tokens' },
          usage: { input_tokens: 1, output_tokens: 1 },
        },
      },
    );
    expect((await ask('openai')).chunks.at(-1)).toEqual({ type: 'finish', reason: 'LENGTH' });
  });

  test('Anthropic: what was read from and written to the cache is part of the input', async () => {
    answer = events(
      {
        type: 'message_start',
        message: {
          ...{ id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-sonnet-4-5', content: [] },
          usage: { input_tokens: 10, cache_read_input_tokens: 70, cache_creation_input_tokens: 20, output_tokens: 1 },
        },
      },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      { type: 'ping' },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hi' } },
      { type: 'content_block_stop', index: 0 },
      { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 5 } },
      { type: 'message_stop' },
    );
    const { chunks } = await ask('anthropic');
    expect(ofType(chunks, 'usage')).toEqual([
      { type: 'usage', usage: { input: 100, output: 5, cacheRead: 70, cacheWrite: 20, reasoning: 0 } },
    ]);
  });

  test.each([
    ['mistral', { usage: { prompt_tokens: 7, completion_tokens: 5, total_tokens: 12 } }],
    ['groq', { x_groq: { id: 'req_1', usage: { prompt_tokens: 7, completion_tokens: 5, total_tokens: 12 } } }],
    ['cerebras', { usage: { prompt_tokens: 7, completion_tokens: 5, total_tokens: 12 } }],
    ['perplexity', { usage: { prompt_tokens: 7, completion_tokens: 5, total_tokens: 12 } }],
  ])('%s: tokens that come with the last chunk', async (provider, usage) => {
    answer = events(
      chatChunk({ role: 'assistant', content: 'Hi' }),
      { ...chatChunk({ content: '' }, { finish_reason: 'stop' }), ...usage },
      '[DONE]',
    );
    const { chunks, text } = await ask(provider);
    expect(text).toBe('Hi');
    expect(ofType(chunks, 'usage').at(-1)?.usage).toMatchObject({ input: 7, output: 5 });
  });

  test('a zero that the vendor reports is a figure', async () => {
    const usage = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 };
    answer = events(chatChunk({ content: 'Hi' }, { finish_reason: 'stop' }), { ...chatChunk({}), choices: [], usage });
    const { chunks } = await ask('openai-compatible');
    expect(ofType(chunks, 'usage').map(({ usage: told }) => [told.input, told.output])).toEqual([[0, 0]]);
  });

  test('no figure at all is none', async () => {
    answer = events(chatChunk({ content: 'Hi' }, { finish_reason: 'stop' }), '[DONE]');
    const { chunks } = await ask('openai-compatible');
    expect(ofType(chunks, 'usage')).toEqual([]);
    expect(chunks.at(-1)).toEqual({ type: 'finish', reason: 'STOP' });
  });
});

describe('content', () => {
  test('reasoning comes apart from the text', async () => {
    answer = events(
      chatChunk({ reasoning_content: 'Let me think.' }),
      chatChunk({ content: '42' }),
      chatChunk({}, { finish_reason: 'stop' }),
      '[DONE]',
    );
    const { chunks, text } = await ask('openai-compatible');
    expect(ofType(chunks, 'reasoning').map((chunk) => chunk.text)).toEqual(['Let me think.']);
    expect(text).toBe('42');
  });

  test('a server that says "stop" behind a tool call has called a tool', async () => {
    const call = { index: 0, id: 'call_1', type: 'function', function: { name: 'now', arguments: '' } };
    answer = events(chatChunk({ tool_calls: [call] }), chatChunk({}, { finish_reason: 'stop' }), '[DONE]');
    const { chunks } = await ask('openai-compatible');
    expect(ofType(chunks, 'tool-call').map(({ call: made }) => made)).toEqual([
      { id: 'call_1', name: 'now', arguments: {} },
    ]);
    expect(chunks.at(-1)).toEqual({ type: 'finish', reason: 'TOOL_CALLS' });
  });

  test('what the vendor cannot do comes as a warning', async () => {
    answer = events(chatChunk({ content: 'Hi' }, { finish_reason: 'stop' }), '[DONE]');
    const { chunks } = await ask('perplexity', { params: { seed: 7 } });
    expect(ofType(chunks, 'warnings').flatMap(({ warnings }) => warnings)).toContainEqual(
      expect.stringContaining('seed'),
    );
  });

  test('reasoning effort, sampling and stop sequences go to the vendor', async () => {
    answer = events(chatChunk({ content: 'Hi' }, { finish_reason: 'stop' }), '[DONE]');
    await ask('openai-compatible', {
      params: { temperature: 0.5, topP: 0.9, stop: ['END'], seed: 7, reasoning: 'HIGH' },
    });
    expect(JSON.parse(lastBody)).toMatchObject({
      ...{ temperature: 0.5, top_p: 0.9, stop: ['END'], seed: 7, reasoning_effort: 'high' },
      stream_options: { include_usage: true },
    });
  });

  test('a schema that strict mode would refuse is sent as a plain one', async () => {
    answer = events(chatChunk({ content: '{}' }, { finish_reason: 'stop' }), '[DONE]');
    const loose = { type: 'object', properties: { a: { type: 'string' } } };
    await ask('chat', { output: { jsonSchema: loose } });
    expect(JSON.parse(lastBody).response_format.json_schema).toMatchObject({ strict: false, schema: loose });
    const strict = { ...loose, required: ['a'], additionalProperties: false };
    await ask('chat', { output: { jsonSchema: strict } });
    expect(JSON.parse(lastBody).response_format.json_schema).toMatchObject({ strict: true, schema: strict });
  });
});

describe('options that a caller passes through', () => {
  test('reach the vendor', async () => {
    answer = events(chatChunk({ content: 'Hi' }, { finish_reason: 'stop' }), '[DONE]');
    const providerOptions = { 'openai-compatible': { top_k: 40 } };
    await ask('openai-compatible', { params: { providerOptions } });
    expect(JSON.parse(lastBody)).toMatchObject({ top_k: 40 });
  });

  test.each(['model', 'max_tokens', 'maxCompletionTokens', 'n', 'service_tier', 'previousResponseId'])(
    'cannot set %s, for which the gateway answers',
    async (key) => {
      const before = requests;
      const providerOptions = { 'openai-compatible': { [key]: 'x' } };
      const { error } = await ask('openai-compatible', { params: { providerOptions } });
      expect(error).toMatchObject({ code: 'INVALID_INPUT', issues: [{ path: expect.arrayContaining([key]) }] });
      expect(requests).toBe(before);
    },
  );
});

describe('what is no answer', () => {
  const page = '<!doctype html><html><head><title>Bad gateway</title></head><body>nginx</body></html>';

  test.each(VENDORS)('$type ($model): an HTML page with status 200', async ({ type }) => {
    answer = (response) => response.writeHead(200, { 'content-type': 'text/html' }).end(page);
    const { chunks, error } = await ask(type);
    expect(ofType(chunks, 'finish')).toEqual([]);
    const refusal = asProviderError(error);
    expect(refusal).toMatchObject({ code: 'PROVIDER_ERROR', cut: false });
    expect(refusal.message).not.toContain('<');
  });

  test.each(VENDORS)('$type ($model): an HTML page with status 502', async ({ type }) => {
    answer = (response) => response.writeHead(502, { 'content-type': 'text/html' }).end(page);
    const refusal = asProviderError((await ask(type)).error);
    expect(refusal).toMatchObject({ code: 'PROVIDER_ERROR', httpStatus: 502, retryable: true });
    expect(refusal.message).not.toContain('<');
    expect(refusal.message).not.toContain('nginx');
  });

  test('a redirect is not followed, and the key goes nowhere else', async () => {
    const before = requests;
    answer = (response) => response.writeHead(302, { location: `${upstream.url}/elsewhere` }).end();
    expect(asProviderError((await ask('openai')).error)).toMatchObject({ httpStatus: 302, retryable: false });
    expect(requests).toBe(before + 1);
  });

  test('an empty stream', async () => {
    answer = events();
    expect(asProviderError((await ask('openai-compatible')).error)).toMatchObject({ cut: false });
  });

  test('an error inside the stream, before and behind the first text', async () => {
    const failure = { error: { message: 'The server had an error', type: 'server_error' } };
    answer = events(failure);
    const early = asProviderError((await ask('openai-compatible')).error);
    expect(early).toMatchObject({ code: 'PROVIDER_ERROR', cut: false });
    expect(early.message).toContain('The server had an error');
    answer = events(chatChunk({ content: 'Hi' }), failure);
    expect(asProviderError((await ask('openai-compatible')).error)).toMatchObject({ cut: true, retryable: false });
  });

  test('Anthropic overloaded inside the stream', async () => {
    answer = events({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } });
    const refusal = asProviderError((await ask('anthropic')).error);
    expect(refusal).toMatchObject({ code: 'PROVIDER_ERROR', cut: false, retryable: true });
    expect(refusal.message).toContain('Overloaded');
  });
});

describe('refusals', () => {
  const refuse =
    (status: number, message: string, headers: Record<string, string> = {}) =>
    (response: ServerResponse) =>
      response
        .writeHead(status, { 'content-type': 'application/json', ...headers })
        .end(JSON.stringify({ error: { message, type: 'invalid_request_error' } }));

  test.each([
    "This model's maximum context length is 128000 tokens. However, your messages resulted in 130001 tokens.",
    'prompt is too long: 200001 tokens > 200000 maximum',
    'The input token count (1048577) exceeds the maximum number of tokens allowed (1048576).',
    'Input is too long for requested model.',
    'the request exceeds the available context size, try increasing it',
  ])('a prompt that does not fit: %s', async (message) => {
    answer = refuse(400, message);
    expect(asProviderError((await ask('chat')).error)).toMatchObject({
      ...{ code: 'CONTEXT_WINDOW_EXCEEDED', httpStatus: 400, status: 400, retryable: false },
    });
  });

  test('another refusal keeps the words of the vendor', async () => {
    answer = refuse(400, "Unsupported value: 'temperature' does not support 0.5 with this model.");
    const refusal = asProviderError((await ask('chat')).error);
    expect(refusal).toMatchObject({ code: 'PROVIDER_ERROR', httpStatus: 400, retryable: false });
    expect(refusal.message).toContain("'temperature' does not support 0.5");
  });

  test('a message never holds the key, markup, or more than some hundred characters', async () => {
    answer = refuse(400, `Bad <b>request</b> with ${API_KEY}\n${'and so on '.repeat(200)}`);
    const { message } = asProviderError((await ask('chat')).error);
    expect(message).toContain('Bad request with [secret]');
    expect(message).not.toMatch(/[<>\n]/);
    expect(message.length).toBeLessThan(400);
  });

  test.each([
    [{ 'retry-after': '2' }, 2_000],
    [{ 'retry-after': '0.5' }, 500],
    [{ 'retry-after': '9', 'retry-after-ms': '1234' }, 1_234],
    [{ 'retry-after': 'Thu, 01 Jan 1970 00:00:00 GMT' }, 0],
    [{ 'retry-after': 'soon' }, undefined],
    [{}, undefined],
  ])('Retry-After %o is %s ms', async (headers, retryAfterMs) => {
    answer = refuse(429, 'Slow down', headers);
    expect(asProviderError((await ask('chat')).error)).toMatchObject({ code: 'RATE_LIMITED', retryAfterMs });
  });

  test('Retry-After as a date is the time until then', async () => {
    answer = refuse(429, 'Slow down', { 'retry-after': new Date(Date.now() + 3_600_000).toUTCString() });
    const { retryAfterMs } = asProviderError((await ask('chat')).error);
    expect(Math.abs((retryAfterMs ?? 0) - 3_600_000)).toBeLessThan(60_000);
  });

  test('nobody listens', async () => {
    const gone = await startUpstream(() => {});
    await gone.close();
    const configs = [{ ...configFor({ type: 'openai', path: '/v1', model: 'm' }, gone.url) }];
    const lone = createProviders({ configs, probeLocal: false });
    const { error } = await collect(lone.find('openai')?.stream('m', askFor('hello'), never()) ?? fail());
    expect(asProviderError(error)).toMatchObject({ retryable: true, cut: false, httpStatus: undefined });
    expect(asProviderError(error).message).toBe('cannot reach openai (ECONNREFUSED)');
    await lone.close();
  });
});

describe('aborting', () => {
  test('ends a call that the vendor has not begun to answer', async () => {
    const asked = Promise.withResolvers<void>();
    const closed = Promise.withResolvers<void>();
    answer = (response) => {
      response.on('close', closed.resolve);
      asked.resolve();
    };
    const control = new AbortController();
    const provider = providers.find('openai') ?? fail();
    const stream = provider.stream('gpt-5', askFor('hello'), control.signal);
    const waiting = collect(stream);
    await asked.promise;
    const reason = new Error('too slow');
    control.abort(reason);
    expect((await waiting).error).toBe(reason);
    await closed.promise;
  });

  test('before the first read, asks nobody', async () => {
    const before = requests;
    const provider = providers.find('openai') ?? fail();
    const reason = new Error('never mind');
    const { error } = await collect(provider.stream('gpt-5', askFor('hello'), AbortSignal.abort(reason)));
    expect(error).toBe(reason);
    expect(requests).toBe(before);
  });

  test('is not waited for, even if the vendor package ignores it', async () => {
    const stuck = createProviders({
      configs: [configFor({ type: 'openai', path: '/v1', model: 'm' }, 'http://stuck.invalid')],
      probeLocal: false,
      fetch: () => new Promise<Response>(() => {}),
    });
    const control = new AbortController();
    const waiting = collect(stuck.find('openai')?.stream('m', askFor('hello'), control.signal) ?? fail());
    control.abort(new Error('enough'));
    expect((await waiting).error).toEqual(new Error('enough'));
    await stuck.close();
  });
});

function fail(): never {
  throw new Error('the provider is missing');
}
