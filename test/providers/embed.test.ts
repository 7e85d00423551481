import { describe, expect, it } from 'vitest';
import type { Ask } from '../../src/domain/ask.ts';
import { createProviders } from '../../src/providers/providers.ts';
import { askFor, asProviderError, collect, never } from './support/collect.ts';

const API_KEY = 'sk-a-key-of-the-tests';
const VECTORS = [
  [0.1, 0.2],
  [0.3, -0.4],
];
const OPENAI = {
  object: 'list',
  model: 'm',
  data: VECTORS.map((embedding, index) => ({ object: 'embedding', index, embedding })),
  usage: { prompt_tokens: 7, total_tokens: 7 },
};

/** What each vendor answers to two texts, in its own words. */
const VENDORS = [
  { type: 'openai', model: 'text-embedding-3-small', path: '/v1/embeddings', answer: OPENAI, tokens: 7 },
  { type: 'mistral', model: 'mistral-embed', path: '/v1/embeddings', answer: OPENAI, tokens: 7 },
  { type: 'openai-compatible', model: 'bge', path: '/v1/embeddings', answer: OPENAI, tokens: 7 },
  {
    type: 'cohere',
    model: 'embed-v4.0',
    path: '/v1/embed',
    answer: { embeddings: { float: VECTORS }, meta: { billed_units: { input_tokens: 7 } } },
    tokens: 7,
  },
  {
    type: 'google',
    model: 'gemini-embedding-001',
    path: ':batchEmbedContents',
    answer: { embeddings: VECTORS.map((values) => ({ values })) },
    tokens: undefined,
  },
];

function embed(
  { type, model }: { type: string; model: string },
  fetch: (url: string, init: { body: string; signal?: AbortSignal }) => Promise<Response>,
  signal: AbortSignal = never(),
) {
  const providers = createProviders({
    configs: [
      {
        name: type,
        type,
        apiKey: API_KEY,
        baseURL: 'http://vendor.test/v1',
        headers: {},
        settings: {},
        models: [],
      },
    ],
    probeLocal: false,
    fetch: ((url: string | URL, init: never) => fetch(String(url), init)) as typeof globalThis.fetch,
  });
  const [first, second] = ['one', 'other'].map((text) => askFor(text).messages[0]!);
  const ask: Ask = { ...askFor('one'), messages: [first!, second!], embeds: true };
  return collect(providers.stream(type, model, ask, signal));
}

const answer = (body: unknown, status = 200) =>
  Promise.resolve(Response.json(body, { status, headers: { 'x-ratelimit-limit-requests': '1' } }));

describe.each(VENDORS)('$type', (vendor) => {
  it('is asked for one vector for each text, and says what that took', async () => {
    const asked: { url: string; body: string }[] = [];
    const { chunks, error } = await embed(vendor, (url, { body }) => {
      asked.push({ url, body });
      return answer(vendor.answer);
    });
    expect(error).toBeUndefined();
    expect(chunks[0]).toEqual({ type: 'vectors', vectors: VECTORS });
    expect(chunks.at(-1)).toEqual({ type: 'finish', reason: 'STOP' });
    const usage = chunks.find(({ type }) => type === 'usage');
    expect(usage).toEqual(
      vendor.tokens && {
        type: 'usage',
        usage: { input: vendor.tokens, output: 0, cacheRead: 0, cacheWrite: 0, reasoning: 0 },
      },
    );
    expect(asked).toHaveLength(1);
    expect(asked[0]!.url).toContain(vendor.path);
    expect(asked[0]!.body).toContain('"one"');
    expect(asked[0]!.body).toContain('"other"');
  });

  it('that refuses is told as a fault of the vendor, without our key', async () => {
    const { error } = await embed(vendor, () =>
      answer({ error: { message: `no such key ${API_KEY}` } }, 401),
    );
    const fault = asProviderError(error);
    expect(fault.httpStatus).toBe(401);
    expect(fault.message).not.toContain(API_KEY);
  });

  it('that says nothing is left when the caller leaves', async () => {
    const leaving = new AbortController();
    const { chunks, error } = await embed(
      vendor,
      () => {
        leaving.abort(new Error('left'));
        return new Promise(() => {});
      },
      leaving.signal,
    );
    expect(chunks).toEqual([]);
    expect(error).toEqual(new Error('left'));
  });
});

it.each([
  ['fewer vectors than texts', { ...OPENAI, data: OPENAI.data.slice(1) }],
  ['an empty vector', { ...OPENAI, data: OPENAI.data.map((each) => ({ ...each, embedding: [] })) }],
])('refuses %s', async (_, body) => {
  const { error } = await embed({ type: 'openai-compatible', model: 'bge' }, () => answer(body));
  expect(asProviderError(error).message).toBe(
    'openai-compatible did not answer with one vector for each of 2 texts',
  );
});

it('says so where a vendor has no embeddings', async () => {
  const { error } = await embed({ type: 'anthropic', model: 'claude' }, () => answer({}));
  expect(String(error)).toContain('the gateway cannot ask anthropic for embeddings');
});
