import { afterAll, beforeAll, describe, expect, it, test } from 'vitest';
import type { ProviderConfig } from '../../src/config/config.ts';
import { createProviders } from '../../src/providers/providers.ts';
import { askFor, collect, never } from './support/collect.ts';
import { chatChunk, events, startScripted, type Scripted } from './support/scripted.ts';
import { API_KEY } from './support/vendors.ts';

let wire: Scripted;
beforeAll(async () => {
  wire = await startScripted();
});
afterAll(() => wire.close());

const configOf = (type: string, more: Partial<ProviderConfig> = {}): ProviderConfig => ({
  name: type,
  type,
  apiKey: API_KEY,
  headers: {},
  settings: {},
  models: [],
  ...more,
});

/** What the vendor is sent, and what comes of its answer. */
async function goOn(config: ProviderConfig, model: string, answerSoFar: string, answer: Scripted['answer']) {
  wire.answer = answer;
  const providers = createProviders({ configs: [config], probeLocal: false });
  const ask = { ...askFor('Hi'), answerSoFar };
  const { text, error } = await collect(providers.find(config.name)!.stream(model, ask, never()));
  await providers.close();
  expect(error).toBeUndefined();
  return { text, body: JSON.parse(wire.lastBody) as Record<string, unknown> };
}

const inPieces = (...pieces: string[]) =>
  events(
    ...pieces.map((content) => chatChunk({ content })),
    chatChunk({ content: '' }, { finish_reason: 'stop' }),
    '[DONE]',
  );

const claude = events(
  {
    type: 'message_start',
    message: {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: 'claude-sonnet-4-5',
      content: [],
      usage: { input_tokens: 10, output_tokens: 1 },
    },
  },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: ' turns' } },
  { type: 'content_block_stop', index: 0 },
  {
    type: 'message_delta',
    delta: { stop_reason: 'end_turn', stop_sequence: null },
    usage: { output_tokens: 5 },
  },
  { type: 'message_stop' },
);

describe('the beginning of an answer is sent as its vendor wants it', () => {
  const LAST = { role: 'assistant', content: 'The wheel' };

  test('Anthropic: the last turn', async () => {
    const { body, text } = await goOn(
      configOf('anthropic', { baseURL: `${wire.url}/v1` }),
      'claude-sonnet-4-5',
      'The wheel',
      claude,
    );
    expect(body['messages']).toEqual([
      { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
      { role: 'assistant', content: [{ type: 'text', text: 'The wheel' }] },
    ]);
    expect(text).toBe(' turns');
  });

  test.each([
    ['says only what follows', [' turns'], ' turns'],
    ['repeats the beginning', ['The ', 'whe', 'el turns'], ' turns'],
    ['repeats the beginning and nothing else', ['The wheel'], ''],
    ['says something that only begins alike', ['The ', 'water'], 'The water'],
  ])('Mistral: a prefix, and it %s', async (_, pieces, expected) => {
    const config = configOf('mistral', { baseURL: `${wire.url}/v1` });
    const { body, text } = await goOn(config, 'mistral-large-latest', 'The wheel', inPieces(...pieces));
    expect(body['messages']).toMatchObject([{ role: 'user' }, { ...LAST, prefix: true }]);
    expect(text).toBe(expected);
  });

  test('DeepSeek: a prefix, under its beta address', async () => {
    const config = configOf('deepseek', { baseURL: `${wire.url}/beta` });
    const { body, text } = await goOn(config, 'deepseek-chat', 'The wheel', inPieces(' turns'));
    expect(body['messages']).toMatchObject([{ role: 'user' }, { ...LAST, prefix: true }]);
    expect(text).toBe(' turns');
  });

  test('Groq: the last message', async () => {
    const config = configOf('groq', { baseURL: `${wire.url}/v1` });
    const { body } = await goOn(config, 'llama-3.3-70b-versatile', 'The wheel', inPieces(' turns'));
    expect(body['messages']).toEqual([{ role: 'user', content: 'Hi' }, LAST]);
  });

  test.each([
    ['last-message', LAST, {}],
    ['prefix', { ...LAST, prefix: true }, {}],
    ['vllm', LAST, { continue_final_message: true, add_generation_prompt: false }],
  ] as const)('a compatible server: %s', async (continuation, last, more) => {
    const config = configOf('openai-compatible', {
      name: 'my-server',
      baseURL: `${wire.url}/v1`,
      continuation,
    });
    const { body } = await goOn(config, 'm', 'The wheel', inPieces(' turns'));
    expect(body).toMatchObject({ messages: [{ role: 'user' }, last], ...more });
  });
});

describe('whether a model can go on', () => {
  const BETA = { baseURL: 'https://api.deepseek.com/beta' };
  const SERVER = { baseURL: 'http://127.0.0.1:1/v1' };
  const OPEN = { ...SERVER, continuation: 'last-message' as const };

  it.each<[string, Partial<ProviderConfig>, string, boolean]>([
    ['anthropic', {}, 'claude-3-5-haiku-20241022', true],
    ['anthropic', {}, 'claude-opus-4-20250514', true],
    ['anthropic', {}, 'claude-opus-4-1', true],
    ['anthropic', {}, 'claude-sonnet-4-5-20250929', true],
    ['anthropic', {}, 'claude-sonnet-4-6', false],
    ['anthropic', {}, 'claude-opus-4-10', false],
    ['anthropic', {}, 'claude-opus-5', false],
    ['amazon-bedrock', {}, 'us.anthropic.claude-sonnet-4-5-20250929-v1:0', true],
    ['amazon-bedrock', {}, 'us.anthropic.claude-opus-4-6-v1', false],
    ['amazon-bedrock', {}, 'us.amazon.nova-pro-v1:0', false],
    ['mistral', {}, 'mistral-large-latest', true],
    ['groq', {}, 'llama-3.3-70b-versatile', true],
    ['deepseek', {}, 'deepseek-chat', false],
    ['deepseek', BETA, 'deepseek-chat', true],
    ['openai', {}, 'gpt-5', false],
    ['google', {}, 'gemini-2.5-flash', false],
    ['openai-compatible', SERVER, 'm', false],
    ['openai-compatible', OPEN, 'm', true],
    ['openai-compatible', { ...OPEN, models: [{ id: 'm', continues: false }] }, 'm', false],
    ['openai-compatible', { ...SERVER, models: [{ id: 'm', continues: true }] }, 'm', true],
  ])('%s %j %s: %s', (type, more, model, expected) => {
    const providers = createProviders({ configs: [configOf(type, more)], probeLocal: false });
    expect(providers.find(type)!.continues(model)).toBe(expected);
  });

  it('is not for the config to say of a vendor with a wire format of its own', () => {
    const config = configOf('anthropic', { continuation: 'vllm' });
    expect(() => createProviders({ configs: [config], probeLocal: false })).toThrow(
      'providers.anthropic.continuation is only for servers',
    );
  });
});
