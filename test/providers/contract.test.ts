import { LLMock } from '@copilotkit/aimock';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Provider } from '../../src/providers/provider.ts';
import { createProviders, type Providers } from '../../src/providers/providers.ts';
import { asProviderError, askFor, collect, never, ofType } from './support/collect.ts';
import { startRelay, type Relay } from './support/relay.ts';
import { API_KEY, configFor, VENDORS } from './support/vendors.ts';

const GREETING = 'Hello there, how may I help you on this fine morning?';
const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const CITY = {
  type: 'object',
  properties: { inhabitants: { type: 'integer' } },
  required: ['inhabitants'],
  additionalProperties: false,
};

/** The same figures in the words of each vendor. */
const USAGE = {
  prompt_tokens: 11,
  completion_tokens: 12,
  total_tokens: 23,
  input_tokens: 11,
  output_tokens: 12,
  promptTokenCount: 11,
  candidatesTokenCount: 12,
  totalTokenCount: 23,
};

const mock = new LLMock({ port: 0 });

beforeAll(async () => {
  mock.onMessage('greet me', {
    content: GREETING,
    usage: USAGE,
  });
  mock.onMessage('be brief', { content: 'Hello', finishReason: 'length' });
  mock.onMessage('weather', { toolCalls: [{ name: 'get_weather', arguments: '{"city":"Paris"}' }] });
  mock.onMessage('how many', { content: '{"inhabitants":2103000}' });
  mock.onMessage('wrong key', {
    error: { message: `Incorrect API key provided: ${API_KEY}`, type: 'invalid_request_error' },
    status: 401,
  });
  mock.onMessage('too often', {
    error: { message: 'Slow down', type: 'rate_limit' },
    status: 429,
    retryAfter: 7,
  });
  mock.onMessage('break', { error: { message: 'Our fault', type: 'server_error' }, status: 500 });
  await mock.start();
});
afterAll(() => mock.stop());

describe.each(VENDORS)('$type ($model)', (vendor) => {
  const { type, model } = vendor;
  let relay: Relay;
  let providers: Providers;
  let provider: Provider;
  const stream = (...ask: Parameters<typeof askFor>) => provider.stream(model, askFor(...ask), never());

  beforeAll(async () => {
    relay = await startRelay(mock.url, GREETING.slice(0, 10), vendor.mend);
    providers = createProviders({ configs: [configFor(vendor, relay.url)], probeLocal: false });
    const found = providers.find(type);
    if (!found) throw new Error(`no provider ${type}`);
    provider = found;
  });
  afterEach(() => {
    relay.fate = 'pass';
  });
  afterAll(async () => {
    await providers.close();
    await relay.close();
  });

  test('streams text in pieces and ends with one finish', async () => {
    const { chunks, text, error } = await collect(stream('greet me'));
    expect(error).toBeUndefined();
    expect(text).toBe(GREETING);
    expect(ofType(chunks, 'text').length).toBeGreaterThan(1);
    expect(ofType(chunks, 'finish')).toEqual([chunks.at(-1)]);
    expect(chunks.at(-1)).toEqual({ type: 'finish', reason: 'STOP' });
  });

  test('reports the tokens that the vendor reports, and no others', async () => {
    const { chunks } = await collect(stream('greet me'));
    const told = { input: 11, output: 12, cacheRead: 0, cacheWrite: 0, reasoning: 0 };
    expect(ofType(chunks, 'usage')).toEqual(
      vendor.mockLacks?.includes('usage') ? [] : [{ type: 'usage', usage: told }],
    );
  });

  test('passes the limits and the system message on', async () => {
    await collect(
      stream('', {
        source: {
          messages: [
            { role: 'SYSTEM', parts: [{ text: 'You are a miller.' }] },
            { role: 'USER', parts: [{ text: 'greet me' }] },
          ],
        },
        params: { maxOutputTokens: 4321 },
      }),
    );
    expect(relay.lastBody).toContain('You are a miller.');
    expect(relay.lastBody).toContain('4321');
  });

  test.skipIf(vendor.mockLacks?.includes('length'))(
    'tells an answer that was too long from a whole one',
    async () => {
      const { chunks } = await collect(stream('be brief'));
      expect(chunks.at(-1)).toEqual({ type: 'finish', reason: 'LENGTH' });
    },
  );

  test.skipIf(vendor.lacks?.includes('tools'))('calls a tool, and takes its result', async () => {
    const tools = [{ name: 'get_weather', description: 'Weather of a city', parameters: WEATHER_PARAMETERS }];
    const { chunks, error } = await collect(stream('weather please', { tools }));
    expect(error).toBeUndefined();
    const [call] = ofType(chunks, 'tool-call').map((chunk) => chunk.call);
    expect(call).toMatchObject({ name: 'get_weather', arguments: { city: 'Paris' } });
    const deltas = ofType(chunks, 'tool-delta').filter((chunk) => chunk.id === call?.id);
    expect(deltas.map((chunk) => chunk.delta).join('')).toBe('{"city":"Paris"}');
    expect(chunks.at(-1)).toEqual({ type: 'finish', reason: 'TOOL_CALLS' });

    const answered = await collect(
      stream('', {
        tools,
        source: {
          messages: [
            { role: 'USER', parts: [{ text: 'greet me when you know' }] },
            {
              role: 'ASSISTANT',
              parts: [{ toolCall: { id: 'call_1', name: 'get_weather', arguments: { city: 'Paris' } } }],
            },
            { role: 'TOOL', parts: [{ toolResult: { toolCallId: 'call_1', output: { celsius: 17 } } }] },
          ],
        },
      }),
    );
    expect(answered.error).toBeUndefined();
    expect(relay.lastBody).toMatch(/celsius\W+17/);
  });

  test('asks for JSON by a schema', async () => {
    const { text, error } = await collect(stream('how many people?', { output: { jsonSchema: CITY } }));
    expect(error).toBeUndefined();
    expect(JSON.parse(text)).toEqual({ inhabitants: 2103000 });
    expect(relay.lastBody).toContain('inhabitants');
  });

  test.skipIf(vendor.lacks?.includes('images'))('sends an image', async () => {
    const parts = [{ text: 'greet me' }, { imageUrl: `data:image/png;base64,${PIXEL}` }];
    const { error } = await collect(stream('', { source: { messages: [{ role: 'USER', parts }] } }));
    expect(error).toBeUndefined();
    expect(relay.lastBody).toContain(PIXEL);
  });

  test('says whose key was refused, without the key', async () => {
    const error = asProviderError((await collect(stream('wrong key'))).error);
    expect(error).toMatchObject({ code: 'PROVIDER_ERROR', httpStatus: 401, retryable: false, cut: false });
    expect(error.message).toBe(`${type} refused the gateway's key (401); check the key set for it`);
    expect(error.cause).toBeUndefined();
  });

  test('tells how long to wait after too many requests', async () => {
    const error = asProviderError((await collect(stream('too often'))).error);
    expect(error).toMatchObject({
      code: 'RATE_LIMITED',
      httpStatus: 429,
      retryable: true,
      retryAfterMs: 7_000,
    });
  });

  test('calls a server error retryable', async () => {
    const error = asProviderError((await collect(stream('break'))).error);
    expect(error).toMatchObject({ code: 'PROVIDER_ERROR', httpStatus: 500, retryable: true, cut: false });
  });

  test.each(['cut', 'end'] as const)('never finishes an answer whose stream is lost (%s)', async (fate) => {
    relay.fate = fate;
    const { chunks, text, error } = await collect(stream('greet me'));
    expect(GREETING.startsWith(text)).toBe(true);
    expect(text).not.toBe('');
    expect(text).not.toBe(GREETING);
    expect(ofType(chunks, 'finish')).toEqual([]);
    expect(asProviderError(error)).toMatchObject({ code: 'PROVIDER_ERROR', cut: true, retryable: false });
  });

  test('ends at once, with the reason, when it is aborted while the vendor is silent', async () => {
    relay.fate = 'hold';
    const control = new AbortController();
    const iterator = provider.stream(model, askFor('greet me'), control.signal)[Symbol.asyncIterator]();
    await readText(iterator);
    const waiting = iterator.next();
    const reason = new Error('the caller has left');
    control.abort(reason);
    await expect(waiting).rejects.toBe(reason);
    await relay.closed;
  });

  test('closes the connection when the reader leaves while the vendor is silent', async () => {
    relay.fate = 'hold';
    const iterator = provider.stream(model, askFor('greet me'), never())[Symbol.asyncIterator]();
    await readText(iterator);
    const waiting = iterator.next().catch(() => undefined);
    await iterator.return?.();
    await waiting;
    await expect(relay.closed).resolves.toBeUndefined();
  });
});

const WEATHER_PARAMETERS = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };

/** Reads up to the first text. */
async function readText(iterator: AsyncIterator<{ type: string }>): Promise<void> {
  for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
    if (next.value.type === 'text') return;
  }
  throw new Error('the stream ended without any text');
}
