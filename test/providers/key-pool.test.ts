import { afterEach, describe, expect, it } from 'vitest';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { parseAsk, type Ask } from '../../src/domain/ask.ts';
import { ProviderError } from '../../src/domain/errors.ts';
import { createKeyPool } from '../../src/providers/key-pool.ts';
import { createProviders, type Providers } from '../../src/providers/providers.ts';

const [ONE, TWO, THREE] = ['sk-one-111111', 'sk-two-222222', 'sk-three-33333'] as const;

describe('a pool of keys', () => {
  const refused = (httpStatus: number, retryAfterMs?: number) =>
    new ProviderError('no', { httpStatus, retryAfterMs });
  function poolAt() {
    let nowMs = 0;
    const pool = createKeyPool([ONE, TWO, THREE], { monotonicMs: () => nowMs });
    return {
      pool,
      pass: (ms: number) => (nowMs += ms),
      take: (count: number) => Array.from({ length: count }, () => pool.take()),
    };
  }

  it('is used in turn', () => {
    expect(poolAt().take(4)).toEqual([ONE, TWO, THREE, ONE]);
  });

  it.each([
    { httpStatus: 401, retryAfterMs: undefined, restsMs: 600_000 },
    { httpStatus: 401, retryAfterMs: 1_000, restsMs: 600_000 },
    { httpStatus: 429, retryAfterMs: undefined, restsMs: 30_000 },
    { httpStatus: 429, retryAfterMs: 5_000, restsMs: 5_000 },
  ])('lets one rest for $restsMs ms after $httpStatus', ({ httpStatus, retryAfterMs, restsMs }) => {
    const { pool, pass, take } = poolAt();
    expect(pool.refused(TWO, refused(httpStatus, retryAfterMs))).toBe(true);
    expect(take(4)).toEqual([ONE, THREE, ONE, THREE]);
    pass(restsMs - 1);
    expect(take(2)).toEqual([ONE, THREE]);
    pass(1);
    expect(take(3)).toEqual([ONE, TWO, THREE]);
  });

  it('does not let one rest for what is not about the key', () => {
    const { pool, take } = poolAt();
    for (const status of [400, 403, 404, 500, 503]) expect(pool.refused(TWO, refused(status))).toBe(false);
    expect(take(3)).toEqual([ONE, TWO, THREE]);
  });

  it('gives the one that rests for the shortest time when all do', () => {
    const { pool } = poolAt();
    pool.refused(ONE, refused(429, 9_000));
    pool.refused(TWO, refused(429, 3_000));
    expect(pool.refused(THREE, refused(401))).toBe(false);
    expect(pool.take()).toBe(TWO);
  });

  it('of one key is no pool: there is no other to take', () => {
    const pool = createKeyPool([ONE], { monotonicMs: () => 0 });
    expect(pool.refused(ONE, refused(429, 0))).toBe(false);
    expect(pool.take()).toBe(ONE);
  });

  it('may be empty, for vendors that sign in otherwise', () => {
    expect(createKeyPool([], { monotonicMs: () => 0 }).take()).toBeUndefined();
  });
});

describe('a provider with several keys', () => {
  const open: { close(): Promise<unknown> }[] = [];
  afterEach(async () => {
    for (const resource of open.splice(0)) await resource.close();
  });

  /** A vendor that takes some keys, and the keys that it was shown. */
  async function serve(answers: Record<string, [status: number, headers?: Record<string, string>]>) {
    const shown: string[] = [];
    const server = createServer((request: IncomingMessage, response: ServerResponse) => {
      const key = (request.headers.authorization ?? '').replace('Bearer ', '');
      shown.push(key);
      const [status, headers = {}] = answers[key] ?? [200];
      response.writeHead(status, {
        'content-type': status === 200 ? 'text/event-stream' : 'application/json',
        ...headers,
      });
      const chunk = { id: '1', choices: [{ index: 0, delta: { content: 'hi' }, finish_reason: 'stop' }] };
      const fault = { error: { message: `no room for ${key}` } };
      response.end(
        status === 200 ? `data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n` : JSON.stringify(fault),
      );
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    open.push({ close: () => new Promise((done) => server.close(done)) });
    const { port } = server.address() as AddressInfo;
    const config = { name: 'house', type: 'openai-compatible', baseURL: `http://127.0.0.1:${port}/v1` };
    const providers = createProviders({
      configs: [{ ...config, apiKey: ONE, apiKeys: [TWO], headers: {}, settings: {}, models: [] }],
      probeLocal: false,
    });
    open.unshift(providers);
    return { providers, shown };
  }

  async function ask(providers: Providers): Promise<unknown> {
    const stream = providers.stream(
      'house',
      'any',
      parseAsk({ model: 'house/any', source: { text: 'hello' } }) as Ask,
      new AbortController().signal,
    );
    try {
      for await (const chunk of stream) if (chunk.type === 'text') return chunk.text;
      return undefined;
    } catch (error) {
      const { httpStatus, retryable, retryAfterMs, message } = error as ProviderError;
      return { httpStatus, retryable, retryAfterMs, message };
    }
  }

  it('uses them in turn', async () => {
    const { providers, shown } = await serve({});
    for (let call = 0; call < 3; call += 1) expect(await ask(providers)).toBe('hi');
    expect(shown).toEqual([ONE, TWO, ONE]);
  });

  it.each([401, 429])(
    'passes over a key after %i, which may be tried again at once with the other',
    async (status) => {
      const { providers, shown } = await serve({ [ONE]: [status, { 'retry-after': '60' }] });
      expect(await ask(providers)).toMatchObject({
        httpStatus: status,
        retryable: true,
        retryAfterMs: undefined,
      });
      for (let call = 0; call < 2; call += 1) expect(await ask(providers)).toBe('hi');
      expect(shown).toEqual([ONE, TWO, TWO]);
    },
  );

  it('says how long to wait when no key is left, and never which keys there are', async () => {
    const { providers } = await serve({ [ONE]: [429], [TWO]: [429, { 'retry-after': '7' }] });
    await ask(providers);
    const last = await ask(providers);
    expect(last).toMatchObject({ httpStatus: 429, retryable: true, retryAfterMs: 7_000 });
    expect(JSON.stringify(last)).not.toMatch(/sk-(one|two)/);
  });
});
