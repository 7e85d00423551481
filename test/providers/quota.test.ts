import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Quota } from '../../src/domain/quota.ts';
import { readQuota } from '../../src/providers/read-quota.ts';
import { askFor, collect, never } from './support/collect.ts';
import { chatChunk, events, startScripted } from './support/scripted.ts';

const NOW = new Date('2026-05-01T12:00:00Z');
const none = { remainingRequests: undefined, remainingTokens: undefined, resetMs: undefined };

describe('what a vendor says that it still takes', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'], now: NOW }));
  afterEach(() => void vi.useRealTimers());

  const cases: [string, Record<string, string>, Partial<Quota> | undefined][] = [
    ['nothing', {}, undefined],
    ['nothing of use', { 'x-ratelimit-remaining': 'many', 'x-ratelimit-limit-requests': '60' }, undefined],
    [
      'OpenAI',
      {
        'x-ratelimit-remaining-requests': '59',
        'x-ratelimit-reset-requests': '1s',
        'x-ratelimit-remaining-tokens': '149984',
        'x-ratelimit-reset-tokens': '6m0s',
      },
      { remainingRequests: 59, remainingTokens: 149_984, resetMs: 1_000 },
    ],
    [
      'OpenAI, out of tokens',
      {
        'x-ratelimit-remaining-requests': '59',
        'x-ratelimit-reset-requests': '20ms',
        'x-ratelimit-remaining-tokens': '0',
        'x-ratelimit-reset-tokens': '1h2m3.5s',
      },
      { remainingRequests: 59, remainingTokens: 0, resetMs: 3_723_500 },
    ],
    [
      'Anthropic',
      {
        'anthropic-ratelimit-requests-remaining': '0',
        'anthropic-ratelimit-requests-reset': '2026-05-01T12:00:12Z',
        'anthropic-ratelimit-tokens-remaining': '312000',
        'anthropic-ratelimit-tokens-reset': '2026-05-01T12:00:03Z',
      },
      { remainingRequests: 0, remainingTokens: 312_000, resetMs: 12_000 },
    ],
    [
      'seconds',
      { 'ratelimit-remaining': '3', 'ratelimit-reset': '30' },
      { remainingRequests: 3, resetMs: 30_000 },
    ],
    [
      'a moment in seconds',
      { 'x-ratelimit-remaining': '3', 'x-ratelimit-reset': String(NOW.getTime() / 1_000 + 5) },
      { remainingRequests: 3, resetMs: 5_000 },
    ],
    [
      'a moment in milliseconds',
      { 'x-ratelimit-remaining': '3', 'x-ratelimit-reset': String(NOW.getTime() + 250) },
      { remainingRequests: 3, resetMs: 250 },
    ],
    [
      'a moment that is over',
      { 'x-ratelimit-remaining': '3', 'x-ratelimit-reset': '2020-01-01T00:00:00Z' },
      { remainingRequests: 3, resetMs: 0 },
    ],
    ['no reset', { 'x-ratelimit-remaining': '3', 'x-ratelimit-reset': 'soon' }, { remainingRequests: 3 }],
  ];
  it.each(cases)('%s', (_, headers, expected) => {
    expect(readQuota(headers)).toEqual(expected && { ...none, ...expected });
  });
});

describe('a provider hands it up', async () => {
  const vendors = await startScripted();
  afterAll(() => vendors.close());
  async function hear(name: string, model: string): Promise<Quota[]> {
    const heard: Quota[] = [];
    await collect(vendors.find(name).stream(model, askFor('hello'), never(), (quota) => heard.push(quota)));
    return heard;
  }
  const OPENAI = { 'x-ratelimit-remaining-requests': '7', 'x-ratelimit-reset-requests': '2s' };
  const ANTHROPIC = {
    'anthropic-ratelimit-requests-remaining': '7',
    'anthropic-ratelimit-tokens-remaining': '90',
  };

  const chat = events(chatChunk({ content: 'hi' }, { finish_reason: 'stop' }), '[DONE]');
  const usage = { input_tokens: 1, output_tokens: 1 };
  const message = events({
    type: 'message_start',
    message: { id: 'm1', type: 'message', role: 'assistant', model: 'claude', content: [], usage },
  });

  it.each([
    ['openai-compatible', 'm', OPENAI, { remainingRequests: 7, resetMs: 2_000 }, chat],
    ['groq', 'm', OPENAI, { remainingRequests: 7, resetMs: 2_000 }, chat],
    ['anthropic', 'claude-sonnet-4-5', ANTHROPIC, { remainingRequests: 7, remainingTokens: 90 }, message],
  ])('with the answer of %s, and with its refusal', async (name, model, headers, quota, answer) => {
    vendors.answer = (response) => {
      for (const [header, value] of Object.entries(headers)) response.setHeader(header, value);
      answer(response);
    };
    expect(await hear(name, model)).toEqual([{ ...none, ...quota }]);
    vendors.answer = (response) =>
      response
        .writeHead(429, { 'content-type': 'application/json', ...headers })
        .end('{"error":{"message":"slow"}}');
    expect(await hear(name, model)).toEqual([{ ...none, ...quota }]);
  });

  it('or nothing, where there is nothing', async () => {
    vendors.answer = chat;
    expect(await hear('openai-compatible', 'm')).toEqual([]);
  });
});
