import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { createSluiceClient, type SluiceClientOptions } from '../../src/client/client.ts';
import { ModelsDocument, UsageTicksDocument, ViewerDocument } from '../../src/client/generated/graphql.ts';
import { ADMIN_KEY, useGateway } from '../support/gateway.ts';
import { readCharges } from './support/books.ts';
import { createProxy } from './support/proxy.ts';
import { IMPATIENT } from './support/timeouts.ts';

const gateway = useGateway({ config: IMPATIENT });
const clientOf = (options: Partial<SluiceClientOptions> = {}) =>
  createSluiceClient({ url: gateway().url, key: ADMIN_KEY, ...options });
const say = (text: string, model = 'demo/echo') => ({ model, source: { text } });

describe('complete', () => {
  it('answers with the completion', async () => {
    const completion = await clientOf().complete(say('Hello there', 'demo/expensive'));
    expect(completion).toMatchObject({ status: 'SUCCEEDED', finishReason: 'STOP' });
    expect(completion.text).toContain('Hello there');
    expect(completion.usage?.total).toBeGreaterThan(0);
    expect(Number(completion.cost?.amount)).toBeGreaterThan(0);
  });

  it('throws what the gateway says is wrong, as typed data', async () => {
    const failed = clientOf().complete(say('Hello', 'demo/assistent'));
    await expect(failed).rejects.toMatchObject({
      name: 'SluiceError',
      code: 'MODEL_UNAVAILABLE',
      errors: [{ __typename: 'ModelUnavailableError', message: expect.stringContaining('demo/assistant') }],
      completion: undefined,
    });
  });

  it('throws what a provider did, with what came so far', async () => {
    await expect(clientOf().complete(say('Hello', 'demo/cut'))).rejects.toMatchObject({
      code: 'PROVIDER_ERROR',
      errors: [{ __typename: 'ProviderFailedError', attempts: [{ provider: 'demo', status: 'ERROR' }] }],
      completion: { status: 'FAILED', text: expect.stringMatching(/^A sluice is/) },
    });
  });

  it('is the same completion under the same idempotency key, and another input is refused', async () => {
    const idempotencyKey = randomUUID();
    const first = await clientOf().complete(say('Once'), { idempotencyKey });
    expect(await clientOf().complete(say('Once'), { idempotencyKey })).toEqual(first);
    await expect(clientOf().complete(say('Twice'), { idempotencyKey })).rejects.toMatchObject({
      code: 'CONFLICT',
    });
    expect(await readCharges(gateway(), idempotencyKey)).toEqual([
      { id: first.id, status: 'SUCCEEDED', charges: 1 },
    ]);
  });

  it('survives lost connections with one completion and one charge', async () => {
    const network = await createProxy(gateway().url, [
      { afterBytes: 1, fate: 'cut' },
      { afterBytes: 400, fate: 'cut' },
    ]);
    const idempotencyKey = randomUUID();
    const completion = await clientOf({ url: network.url }).complete(say('Still here'), { idempotencyKey });
    expect(completion.text).toBe('Still here');
    expect(network.connections()).toBe(3);
    expect(await readCharges(gateway(), idempotencyKey)).toMatchObject([{ charges: 1 }]);
  });

  it('ends with the reason of its signal', async () => {
    const stopper = new AbortController();
    const running = clientOf().complete(say('Hello', 'demo/silent'), { signal: stopper.signal });
    setTimeout(() => stopper.abort(new Error('enough')), 100);
    await expect(running).rejects.toThrow('enough');
  });
});

describe('request', () => {
  it('runs any typed document', async () => {
    const { models } = await clientOf().request(ModelsDocument, { filter: { name: { eq: 'demo/echo' } } });
    expect(models.nodes.map(({ name }) => name)).toEqual(['demo/echo']);
  });

  it('asks for the key each time', async () => {
    const keys = [ADMIN_KEY, 'sk-sluice-wrong'];
    const client = clientOf({ key: async () => keys.shift() ?? '' });
    await client.request(ModelsDocument, {});
    await expect(client.request(ModelsDocument, {})).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('throws errors of the whole operation with their code and path', async () => {
    const filter = { capabilities: ['TELEPATHY' as 'TEXT'] };
    await expect(clientOf().request(ModelsDocument, { filter })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      errors: [{ path: ['filter', 'capabilities', '0'] }],
    });
  });

  it('says so when what answers is no GraphQL server', async () => {
    const health = gateway().url.replace('/graphql', '/healthz');
    await expect(clientOf({ url: health }).request(ModelsDocument, {})).rejects.toMatchObject({
      code: 'NO_GRAPHQL',
    });
  });

  it('is sent once, and a lost connection is an error', async () => {
    const network = await createProxy(gateway().url, [{ afterBytes: 1, fate: 'cut' }]);
    await expect(clientOf({ url: network.url }).request(ModelsDocument, {})).rejects.toMatchObject({
      code: 'NETWORK',
    });
    expect(network.connections()).toBe(1);
  });
});

describe.each([
  ['the WebSocket of the runtime', undefined],
  ['the WebSocket of a package', WebSocket],
])('subscribe, on %s', (_, webSocketImpl) => {
  it('yields typed results until it is left', async () => {
    const tag = { key: 'test', value: randomUUID() };
    const client = clientOf({ webSocketImpl });
    const ticks = client.subscribe(UsageTicksDocument, { everyMs: 100, filter: { tag } });
    const first = ticks.next();
    // Slow enough for the subscription to have begun when it is settled.
    await client.complete({ ...say('Hello', 'demo/slow'), params: { maxOutputTokens: 5 }, tags: [tag] });
    expect((await first).value.usageTicks.delta.requests).toBe(1);
    const waiting = ticks.next();
    await ticks.return?.();
    expect(await waiting).toEqual({ value: undefined, done: true });
  });

  it.each(['cut', 'goodbye'] as const)('ends with an error when the connection ends: %s', async (fate) => {
    const network = await createProxy(gateway().url, [{ afterBytes: 200, fate }]);
    const ticks = clientOf({ url: network.url, webSocketImpl }).subscribe(UsageTicksDocument, {});
    await expect(ticks.next()).rejects.toMatchObject({ code: 'NETWORK' });
    expect(network.connections()).toBe(1);
  });

  it('throws what the gateway refuses', async () => {
    const ticks = clientOf({ webSocketImpl }).subscribe(UsageTicksDocument, { everyMs: 1 });
    await expect(ticks.next()).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });

  it('ends with the reason of its signal', async () => {
    const stopper = new AbortController();
    const ticks = clientOf({ webSocketImpl }).subscribe(UsageTicksDocument, {}, { signal: stopper.signal });
    const waiting = ticks.next();
    stopper.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
  });
});

describe('documents by their hash', () => {
  const hash = { documentsBy: 'hash' } as const;

  it('are run where the gateway trusts them, over HTTP and WebSocket', async () => {
    for (const text of await listTrusted([
      'query Models',
      'mutation CompletionCreate',
      'subscription CompletionStream',
    ])) {
      const { data } = await gateway().ask(
        'mutation ($text: String!) { operationRegister(input: { text: $text }) { errors { message } } }',
        { text },
      );
      expect(data.operationRegister.errors).toEqual([]);
    }
    const sent: string[] = [];
    const client = clientOf({
      ...hash,
      fetch: (url, init) => {
        if (typeof init?.body === 'string') sent.push(init.body);
        return fetch(url, init);
      },
    });
    expect((await client.request(ModelsDocument, {})).models.nodes.length).toBeGreaterThan(0);
    expect(sent.join('')).not.toContain('query Models');
    const events = await Array.fromAsync(client.stream(say('by hash')));
    expect(events.at(-1)).toMatchObject({ __typename: 'CompletionFinished' });
  });

  it('are refused where it does not', async () => {
    await expect(clientOf(hash).request(ViewerDocument, {})).rejects.toMatchObject({
      code: 'OPERATION_UNKNOWN',
    });
  });
});

/** The texts of trusted documents that hold one of these operations. */
async function listTrusted(heads: string[]): Promise<string[]> {
  const documents = JSON.parse(await readFile('schema/trusted-documents.json', 'utf8')) as Record<
    string,
    string
  >;
  return Object.values(documents).filter((text) =>
    heads.some((head) => new RegExp(`\\b${head}\\b`).test(text)),
  );
}
