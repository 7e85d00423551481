import { beforeAll, describe, expect, test } from 'vitest';
import type { AskInput } from '../../src/domain/ask.ts';
import { countTokens, loadTokenizer } from '../../src/lib/tokens.ts';
import { createDemoProvider } from '../../src/providers/demo/provider.ts';
import { asProviderError, askFor, collect, never, ofType } from './support/collect.ts';

const demo = createDemoProvider();

beforeAll(loadTokenizer);

const run = (model: string, text: string, more: Partial<AskInput> = {}) =>
  collect(demo.stream(model, askFor(text, more), never()));

describe.concurrent('every demo model', () => {
  const answering = ['assistant', 'echo', 'reasoning', 'unmetered', 'expensive', 'unpriced'];

  test('is declared with what it can do and what it costs', () => {
    expect(demo.info).toMatchObject({ name: 'demo', kind: 'DEMO', configured: true });
    const declared = demo.declaredModels;
    expect(declared.length).toBeGreaterThan(answering.length);
    for (const model of declared.filter(({ id }) => id !== 'embedder')) {
      expect(model).toMatchObject({
        displayName: expect.stringMatching(/^Demo: /),
        capabilities: expect.arrayContaining(['TEXT']),
        contextWindow: expect.any(Number),
        maxOutputTokens: expect.any(Number),
      });
    }
    const price = (id: string) => declared.find((model) => model.id === id)?.price;
    expect(price('assistant')).toEqual({ input: '0', output: '0' });
    expect(Number(price('expensive')?.output)).toBeGreaterThan(0);
    expect(price('unpriced')).toBeUndefined();
    expect(declared.find(({ id }) => id === 'embedder')?.capabilities).toEqual(['EMBEDDINGS']);
  });

  test('embeds texts so that those that are written alike are near to one another', async () => {
    const texts = ['The invoice was paid.', 'the invoice was PAID', 'Zebras graze', ''];
    const messages = texts.map((text) => ({
      role: 'USER' as const,
      parts: [{ type: 'text' as const, text }],
    }));
    const ask = { ...askFor('any'), messages, embeds: true as const };
    const { chunks, error } = await collect(demo.stream('embedder', ask, never()));
    expect(error).toBeUndefined();
    const vectors = ofType(chunks, 'vectors').flatMap((chunk) => chunk.vectors);
    expect(vectors.map(({ length }) => length)).toEqual([256, 256, 256, 256]);
    expect(vectors[0]).toEqual(vectors[1]);
    expect(vectors[0]).not.toEqual(vectors[2]);
    expect(vectors[3]?.every((value) => value === 0)).toBe(true);
    expect(ofType(chunks, 'usage')[0]?.usage).toMatchObject({ input: expect.any(Number), output: 0 });
  });

  test('neither embeds with a model for text nor answers with one that embeds', async () => {
    const embed = { ...askFor('any'), embeds: true as const };
    const refused = await collect(demo.stream('echo', embed, never()));
    expect(asProviderError(refused.error).httpStatus).toBe(400);
    const { error } = await collect(demo.stream('embedder', askFor('any'), never()));
    expect(asProviderError(error).httpStatus).toBe(400);
  });

  test.each(answering)('%s streams in pieces and ends with one finish', async (model) => {
    const { chunks, error } = await run(model, 'How much water does the mill need?');
    expect(error).toBeUndefined();
    expect(ofType(chunks, 'text').length).toBeGreaterThan(3);
    expect(ofType(chunks, 'finish')).toEqual([{ type: 'finish', reason: 'STOP' }]);
    expect(chunks.at(-1)?.type).toBe('finish');
  });

  test('says the same each time', async () => {
    expect((await run('assistant', 'Say it again')).text).toBe((await run('assistant', 'Say it again')).text);
  });

  test('counts what it said', async () => {
    const { chunks, text } = await run('assistant', 'How much water does the mill need?');
    const [usage] = ofType(chunks, 'usage').map((chunk) => chunk.usage);
    expect(usage).toMatchObject({ output: countTokens(text), reasoning: 0 });
    expect(usage?.input).toBe(countTokens('How much water does the mill need?'));
  });

  test('stops at the limit of output tokens', async () => {
    const { chunks, text } = await run('assistant', 'hello', { params: { maxOutputTokens: 7 } });
    expect(chunks.at(-1)).toEqual({ type: 'finish', reason: 'LENGTH' });
    expect(countTokens(text)).toBeLessThanOrEqual(7);
    expect(countTokens(text)).toBeGreaterThan(0);
  });

  test('does not call an answer cut short that just fits', async () => {
    const { chunks } = await run('echo', 'hello world', { params: { maxOutputTokens: 2 } });
    expect(chunks.at(-1)).toEqual({ type: 'finish', reason: 'STOP' });
  });

  test('stops before a stop sequence', async () => {
    const { chunks, text } = await run('echo', 'one two three four', {
      params: { stop: ['four', ' three'] },
    });
    expect(text).toBe('one two');
    expect(chunks.at(-1)).toEqual({ type: 'finish', reason: 'STOP' });
  });

  test.each(['slow', 'silent', 'assistant'])('%s ends at once when it is aborted', async (model) => {
    const control = new AbortController();
    const reason = new Error('enough');
    const reading = collect(demo.stream(model, askFor('hello'), control.signal));
    control.abort(reason);
    expect((await reading).error).toBe(reason);
  });

  test('lets a reader leave while it is silent', async () => {
    const iterator = demo.stream('silent', askFor('hello'), never())[Symbol.asyncIterator]();
    const waiting = iterator.next().catch((error: unknown) => error);
    await iterator.return?.();
    expect(await waiting).toBeInstanceOf(Error);
  });

  test('is found by its name only', async () => {
    expect(asProviderError((await run('asistant', 'hello')).error)).toMatchObject({ httpStatus: 404 });
  });
});

describe.concurrent('demo/echo', () => {
  test.each(['hello', ' spaces  and\nlines \n', '日本語のテキスト', '👩‍👩‍👧‍👦 family', 'a'.repeat(1_000)])(
    'gives %j back',
    async (text) => {
      expect((await run('echo', text)).text).toBe(text.trim());
    },
  );

  test('comes in larger pieces when the text is long', async () => {
    const long = 'water '.repeat(3_000).trim();
    const { chunks, text } = await run('echo', long);
    expect(text).toBe(long);
    expect(ofType(chunks, 'text').length).toBeLessThanOrEqual(400);
  });
});

describe('the demo models that go wrong', () => {
  test('demo/error always fails', async () => {
    expect(asProviderError((await run('error', 'hello')).error)).toMatchObject({
      httpStatus: 500,
      retryable: true,
    });
  });

  test('demo/flaky fails, is overloaded, answers, and begins again', async () => {
    const outcomes = [];
    for (let call = 0; call < 6; call += 1) {
      const { error, text } = await run('flaky', 'hello');
      outcomes.push(
        error ? [asProviderError(error).httpStatus, asProviderError(error).retryAfterMs] : text !== '',
      );
    }
    const round = [[500, undefined], [429, 1_000], true];
    expect(outcomes).toEqual([...round, ...round]);
  });

  test('demo/cut breaks off in the middle', async () => {
    const { chunks, text, error } = await run('cut', 'hello');
    expect(text).not.toBe('');
    expect(ofType(chunks, 'finish')).toEqual([]);
    expect(asProviderError(error)).toMatchObject({ cut: true, retryable: false });
  });

  test('demo/unmetered reports no usage', async () => {
    const { chunks } = await run('unmetered', 'hello');
    expect(ofType(chunks, 'usage')).toEqual([]);
  });
});

test('demo/reasoning thinks first, and reports it as a part of its output', async () => {
  const { chunks, text } = await run('reasoning', 'hello');
  const thought = ofType(chunks, 'reasoning')
    .map((chunk) => chunk.text)
    .join('');
  expect(thought).not.toBe('');
  expect(chunks.findLastIndex(({ type }) => type === 'reasoning')).toBeLessThan(
    chunks.findIndex(({ type }) => type === 'text'),
  );
  expect(ofType(chunks, 'usage')[0]?.usage).toMatchObject({
    reasoning: countTokens(thought),
    output: countTokens(thought) + countTokens(text),
  });
});
