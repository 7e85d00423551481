import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { asProviderError, askFor, collect, ofType } from './support/collect.ts';
import { askAlone, chatChunk, events, nameOf, startScripted, type Scripted } from './support/scripted.ts';
import { startUpstream } from './support/upstream.ts';
import { API_KEY, configFor, VENDORS } from './support/vendors.ts';

const OPENAI = { type: 'openai', path: '/v1', model: 'm' };

let wire: Scripted;

beforeAll(async () => {
  wire = await startScripted();
});
afterAll(() => wire.close());

describe('what is no answer', () => {
  const page = '<!doctype html><html><head><title>Bad gateway</title></head><body>nginx</body></html>';

  test.each(VENDORS)('$type ($model): an HTML page with status 200', async (vendor) => {
    wire.answer = (response) => response.writeHead(200, { 'content-type': 'text/html' }).end(page);
    const { chunks, error } = await wire.ask(nameOf(vendor));
    expect(ofType(chunks, 'finish')).toEqual([]);
    const refusal = asProviderError(error);
    expect(refusal).toMatchObject({ code: 'PROVIDER_ERROR', cut: false });
    expect(refusal.message).not.toContain('<');
  });

  test.each(VENDORS)('$type ($model): an HTML page with status 502', async (vendor) => {
    wire.answer = (response) => response.writeHead(502, { 'content-type': 'text/html' }).end(page);
    const refusal = asProviderError((await wire.ask(nameOf(vendor))).error);
    expect(refusal).toMatchObject({ code: 'PROVIDER_ERROR', httpStatus: 502, retryable: true });
    expect(refusal.message).not.toContain('<');
    expect(refusal.message).not.toContain('nginx');
  });

  test('a redirect is not followed, and the key goes nowhere else', async () => {
    const before = wire.requests;
    wire.answer = (response) => response.writeHead(302, { location: `${wire.url}/elsewhere` }).end();
    expect(asProviderError((await wire.ask('openai')).error)).toMatchObject({
      httpStatus: 302,
      retryable: false,
    });
    expect(wire.requests).toBe(before + 1);
  });

  test('an empty stream', async () => {
    wire.answer = events();
    expect(asProviderError((await wire.ask('openai-compatible')).error)).toMatchObject({ cut: false });
  });

  test('an error inside the stream, before and behind the first text', async () => {
    const failure = { error: { message: 'The server had an error', type: 'server_error' } };
    wire.answer = events(failure);
    const early = asProviderError((await wire.ask('openai-compatible')).error);
    expect(early).toMatchObject({ code: 'PROVIDER_ERROR', cut: false });
    expect(early.message).toContain('The server had an error');
    wire.answer = events(chatChunk({ content: 'Hi' }), failure);
    expect(asProviderError((await wire.ask('openai-compatible')).error)).toMatchObject({
      cut: true,
      retryable: false,
    });
  });

  test('Anthropic overloaded inside the stream', async () => {
    wire.answer = events({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } });
    const refusal = asProviderError((await wire.ask('anthropic')).error);
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
    wire.answer = refuse(400, message);
    expect(asProviderError((await wire.ask('chat')).error)).toMatchObject({
      code: 'CONTEXT_WINDOW_EXCEEDED',
      httpStatus: 400,
      status: 400,
      retryable: false,
    });
  });

  test('another refusal keeps the words of the vendor', async () => {
    wire.answer = refuse(400, "Unsupported value: 'temperature' does not support 0.5 with this model.");
    const refusal = asProviderError((await wire.ask('chat')).error);
    expect(refusal).toMatchObject({ code: 'PROVIDER_ERROR', httpStatus: 400, retryable: false });
    expect(refusal.message).toContain("'temperature' does not support 0.5");
  });

  test('a message never holds the key, markup, or more than some hundred characters', async () => {
    wire.answer = refuse(400, `Bad <b>request</b> with ${API_KEY}\n${'and so on '.repeat(200)}`);
    const { message } = asProviderError((await wire.ask('chat')).error);
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
    wire.answer = refuse(429, 'Slow down', headers);
    expect(asProviderError((await wire.ask('chat')).error)).toMatchObject({
      code: 'RATE_LIMITED',
      retryAfterMs,
    });
  });

  test('Retry-After as a date is the time until then', async () => {
    wire.answer = refuse(429, 'Slow down', { 'retry-after': new Date(Date.now() + 3_600_000).toUTCString() });
    const { retryAfterMs } = asProviderError((await wire.ask('chat')).error);
    expect(Math.abs((retryAfterMs ?? 0) - 3_600_000)).toBeLessThan(60_000);
  });

  test('a setting that the vendor cannot be called with', async () => {
    const settings = { resourceName: 'user@internal:8080/#' };
    const azure = { name: 'azure', type: 'azure', apiKey: API_KEY, headers: {}, settings, models: [] };
    const { error } = await askAlone(azure);
    expect(asProviderError(error).message).toContain('cannot be asked: Invalid Azure resource name');
  });

  test('an image by its address, where the vendor only takes bytes', async () => {
    const before = wire.requests;
    const parts = [{ imageUrl: 'https://images.example/mill.png' }];
    const { error } = await wire.ask('amazon-bedrock', { source: { messages: [{ role: 'USER', parts }] } });
    expect(asProviderError(error).message).toMatch(/^amazon-bedrock cannot take /);
    expect(wire.requests).toBe(before);
  });

  test('nobody listens', async () => {
    const gone = await startUpstream(() => {});
    await gone.close();
    const { error } = await askAlone(configFor(OPENAI, gone.url));
    expect(asProviderError(error)).toMatchObject({ retryable: true, cut: false, httpStatus: undefined });
    expect(asProviderError(error).message).toBe('cannot reach openai (ECONNREFUSED)');
  });
});

describe('aborting', () => {
  test('ends a call that the vendor has not begun to answer', async () => {
    const asked = Promise.withResolvers<void>();
    const closed = Promise.withResolvers<void>();
    wire.answer = (response) => {
      response.on('close', closed.resolve);
      asked.resolve();
    };
    const control = new AbortController();
    const provider = wire.find('openai');
    const stream = provider.stream('gpt-5', askFor('hello'), control.signal);
    const waiting = collect(stream);
    await asked.promise;
    const reason = new Error('too slow');
    control.abort(reason);
    expect((await waiting).error).toBe(reason);
    await closed.promise;
  });

  test('before the first read, asks nobody', async () => {
    const before = wire.requests;
    const provider = wire.find('openai');
    const reason = new Error('never mind');
    const { error } = await collect(provider.stream('gpt-5', askFor('hello'), AbortSignal.abort(reason)));
    expect(error).toBe(reason);
    expect(wire.requests).toBe(before);
  });

  test('is not waited for, even if the vendor package ignores it', async () => {
    const asked = Promise.withResolvers<void>();
    const fetch = () => {
      asked.resolve();
      return new Promise<Response>(() => {});
    };
    const control = new AbortController();
    const config = configFor(OPENAI, 'http://stuck.invalid');
    const waiting = askAlone(config, { fetch, signal: control.signal });
    await asked.promise;
    const reason = new Error('enough');
    control.abort(reason);
    expect((await waiting).error).toBe(reason);
  });
});
