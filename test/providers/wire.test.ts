import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ofType } from './support/collect.ts';
import { askAlone, chatChunk, events, nameOf, startScripted, type Scripted } from './support/scripted.ts';
import { API_KEY, VENDORS } from './support/vendors.ts';

let wire: Scripted;

beforeAll(async () => {
  wire = await startScripted();
});
afterAll(() => wire.close());

describe('usage', () => {
  test('OpenAI Responses: cached and reasoning tokens are parts of input and output', async () => {
    wire.answer = events(
      {
        type: 'response.created',
        response: { id: 'resp_1', object: 'response', created_at: 1, model: 'gpt-5' },
      },
      { type: 'response.output_item.added', output_index: 0, item: { type: 'message', id: 'msg_1' } },
      {
        type: 'response.output_text.delta',
        item_id: 'msg_1',
        output_index: 0,
        content_index: 0,
        delta: 'Hi',
      },
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
    const { chunks, text } = await wire.ask('openai');
    expect(text).toBe('Hi');
    expect(ofType(chunks, 'usage')).toEqual([
      { type: 'usage', usage: { input: 100, output: 50, cacheRead: 40, cacheWrite: 0, reasoning: 20 } },
    ]);
  });

  test('OpenAI Responses: an answer that ran into the limit is incomplete', async () => {
    wire.answer = events(
      {
        type: 'response.created',
        response: { id: 'resp_1', object: 'response', created_at: 1, model: 'gpt-5' },
      },
      { type: 'response.output_item.added', output_index: 0, item: { type: 'message', id: 'msg_1' } },
      {
        type: 'response.output_text.delta',
        item_id: 'msg_1',
        output_index: 0,
        content_index: 0,
        delta: 'Hi',
      },
      {
        type: 'response.incomplete',
        response: {
          incomplete_details: { reason: 'max_output_tokens' },
          usage: { input_tokens: 1, output_tokens: 1 },
        },
      },
    );
    expect((await wire.ask('openai')).chunks.at(-1)).toEqual({ type: 'finish', reason: 'LENGTH' });
  });

  test('Anthropic: what was read from and written to the cache is part of the input', async () => {
    wire.answer = events(
      {
        type: 'message_start',
        message: {
          id: 'msg_1',
          type: 'message',
          role: 'assistant',
          model: 'claude-sonnet-4-5',
          content: [],
          usage: {
            input_tokens: 10,
            cache_read_input_tokens: 70,
            cache_creation_input_tokens: 20,
            output_tokens: 1,
          },
        },
      },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      { type: 'ping' },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hi' } },
      { type: 'content_block_stop', index: 0 },
      {
        type: 'message_delta',
        delta: { stop_reason: 'end_turn', stop_sequence: null },
        usage: { output_tokens: 5 },
      },
      { type: 'message_stop' },
    );
    const { chunks } = await wire.ask('anthropic');
    expect(ofType(chunks, 'usage')).toEqual([
      { type: 'usage', usage: { input: 100, output: 5, cacheRead: 70, cacheWrite: 20, reasoning: 0 } },
    ]);
  });

  test.each([
    ['mistral', { usage: { prompt_tokens: 7, completion_tokens: 5, total_tokens: 12 } }],
    [
      'groq',
      { x_groq: { id: 'req_1', usage: { prompt_tokens: 7, completion_tokens: 5, total_tokens: 12 } } },
    ],
    ['cerebras', { usage: { prompt_tokens: 7, completion_tokens: 5, total_tokens: 12 } }],
    ['perplexity', { usage: { prompt_tokens: 7, completion_tokens: 5, total_tokens: 12 } }],
  ])('%s: tokens that come with the last chunk', async (provider, usage) => {
    wire.answer = events(
      chatChunk({ role: 'assistant', content: 'Hi' }),
      { ...chatChunk({ content: '' }, { finish_reason: 'stop' }), ...usage },
      '[DONE]',
    );
    const { chunks, text } = await wire.ask(provider);
    expect(text).toBe('Hi');
    expect(ofType(chunks, 'usage').at(-1)?.usage).toMatchObject({ input: 7, output: 5 });
  });

  test('a zero that the vendor reports is a figure', async () => {
    const usage = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 };
    wire.answer = events(chatChunk({ content: 'Hi' }, { finish_reason: 'stop' }), {
      ...chatChunk({}),
      choices: [],
      usage,
    });
    const { chunks } = await wire.ask('openai-compatible');
    expect(ofType(chunks, 'usage').map(({ usage: told }) => [told.input, told.output])).toEqual([[0, 0]]);
  });

  test('no figure at all is none', async () => {
    wire.answer = events(chatChunk({ content: 'Hi' }, { finish_reason: 'stop' }), '[DONE]');
    const { chunks } = await wire.ask('openai-compatible');
    expect(ofType(chunks, 'usage')).toEqual([]);
    expect(chunks.at(-1)).toEqual({ type: 'finish', reason: 'STOP' });
  });
});

describe('content', () => {
  test('reasoning comes apart from the text', async () => {
    wire.answer = events(
      chatChunk({ reasoning_content: 'Let me think.' }),
      chatChunk({ content: '42' }),
      chatChunk({}, { finish_reason: 'stop' }),
      '[DONE]',
    );
    const { chunks, text } = await wire.ask('openai-compatible');
    expect(ofType(chunks, 'reasoning').map((chunk) => chunk.text)).toEqual(['Let me think.']);
    expect(text).toBe('42');
  });

  test('a server that says "stop" behind a tool call has called a tool', async () => {
    const call = { index: 0, id: 'call_1', type: 'function', function: { name: 'now', arguments: '' } };
    wire.answer = events(
      chatChunk({ tool_calls: [call] }),
      chatChunk({}, { finish_reason: 'stop' }),
      '[DONE]',
    );
    const { chunks } = await wire.ask('openai-compatible');
    expect(ofType(chunks, 'tool-call').map(({ call: made }) => made)).toEqual([
      { id: 'call_1', name: 'now', arguments: {} },
    ]);
    expect(chunks.at(-1)).toEqual({ type: 'finish', reason: 'TOOL_CALLS' });
  });

  test('what the vendor cannot do comes as a warning', async () => {
    wire.answer = events(chatChunk({ content: 'Hi' }, { finish_reason: 'stop' }), '[DONE]');
    const { chunks } = await wire.ask('perplexity', { params: { seed: 7 } });
    expect(ofType(chunks, 'warnings').flatMap(({ warnings }) => warnings)).toContainEqual(
      expect.stringContaining('seed'),
    );
  });

  test('reasoning effort, sampling and stop sequences go to the vendor', async () => {
    wire.answer = events(chatChunk({ content: 'Hi' }, { finish_reason: 'stop' }), '[DONE]');
    await wire.ask('openai-compatible', {
      params: { temperature: 0.5, topP: 0.9, stop: ['END'], seed: 7, reasoning: 'HIGH' },
    });
    expect(JSON.parse(wire.lastBody)).toMatchObject({
      temperature: 0.5,
      top_p: 0.9,
      stop: ['END'],
      seed: 7,
      reasoning_effort: 'high',
      stream_options: { include_usage: true },
    });
  });

  test('a schema that strict mode would refuse is sent as a plain one', async () => {
    wire.answer = events(chatChunk({ content: '{}' }, { finish_reason: 'stop' }), '[DONE]');
    const loose = { type: 'object', properties: { a: { type: 'string' } } };
    await wire.ask('chat', { output: { jsonSchema: loose } });
    expect(JSON.parse(wire.lastBody).response_format.json_schema).toMatchObject({
      strict: false,
      schema: loose,
    });
    const strict = { ...loose, required: ['a'], additionalProperties: false };
    await wire.ask('chat', { output: { jsonSchema: strict } });
    expect(JSON.parse(wire.lastBody).response_format.json_schema).toMatchObject({
      strict: true,
      schema: strict,
    });
  });
});

describe('options that a caller passes through', () => {
  test('reach the vendor', async () => {
    wire.answer = events(chatChunk({ content: 'Hi' }, { finish_reason: 'stop' }), '[DONE]');
    const providerOptions = { 'openai-compatible': { top_k: 40 } };
    await wire.ask('openai-compatible', { params: { providerOptions } });
    expect(JSON.parse(wire.lastBody)).toMatchObject({ top_k: 40 });
  });

  test.each(['model', 'max_tokens', 'maxCompletionTokens', 'n', 'service_tier', 'previousResponseId'])(
    'cannot set %s, for which the gateway answers',
    async (key) => {
      const before = wire.requests;
      const providerOptions = { 'openai-compatible': { [key]: 'x' } };
      const { error } = await wire.ask('openai-compatible', { params: { providerOptions } });
      expect(error).toMatchObject({
        code: 'INVALID_INPUT',
        issues: [{ path: expect.arrayContaining([key]) }],
      });
      expect(wire.requests).toBe(before);
    },
  );
});

describe('the key', () => {
  const keyed = VENDORS.filter(({ type }) => type !== 'amazon-bedrock');

  test.each(keyed)('goes to $type ($model)', async (vendor) => {
    wire.answer = (response) => response.writeHead(400).end();
    await wire.ask(nameOf(vendor));
    expect(JSON.stringify(wire.lastHeaders)).toContain(API_KEY);
  });

  test('signs what goes to Amazon Bedrock, or goes there itself', async () => {
    wire.answer = (response) => response.writeHead(400).end();
    await wire.ask('amazon-bedrock');
    expect(wire.lastHeaders.authorization).toMatch(/^AWS4-HMAC-SHA256 Credential=AKIA.*us-east-1\/bedrock/);
    const bearer = { name: 'bearer', type: 'amazon-bedrock', apiKey: API_KEY, baseURL: wire.url };
    await askAlone({ ...bearer, headers: {}, settings: { region: 'us-east-1' }, models: [] });
    expect(wire.lastHeaders.authorization).toBe(`Bearer ${API_KEY}`);
  });
});
