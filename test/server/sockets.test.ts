import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { connect } from './support/client.ts';
import { startTestServer } from './support/server.ts';

const HELLO = { query: '{ hello }' };

describe('every kind of operation runs over one socket', () => {
  test.each([
    ['{ hello }', { hello: 'world' }],
    ['mutation { touch }', { touch: 'touched' }],
    ['subscription { count(to: 1) }', { count: 1 }],
  ])('%s', async (query, data) => {
    const { url } = await startTestServer();
    const client = await connect(url);
    client.subscribe('1', { query });
    expect(await client.next('1')).toEqual({ id: '1', type: 'next', payload: { data } });
    expect(await client.next('1')).toEqual({ id: '1', type: 'complete' });
  });
});

describe('credentials', () => {
  const query = '{ header(name: "authorization") }';
  const key = 'Bearer sk-sluice-1';

  test.each(['authorization', 'Authorization'])('come from the connection parameter %s', async (name) => {
    const { url } = await startTestServer();
    const client = await connect(url, { [name]: key });
    client.subscribe('1', { query });
    expect(await client.next('1')).toMatchObject({ payload: { data: { header: key } } });
  });

  test('or from the header editor of GraphiQL, which sends them with each operation', async () => {
    const { url } = await startTestServer();
    const client = await connect(url);
    client.subscribe('1', { query, extensions: { headers: { Authorization: key } } });
    expect(await client.next('1')).toMatchObject({ payload: { data: { header: key } } });
  });

  test('or from the request that opened the socket', async () => {
    const { url } = await startTestServer();
    const client = await connect(url, undefined, { headers: { authorization: key } });
    client.subscribe('1', { query });
    expect(await client.next('1')).toMatchObject({ payload: { data: { header: key } } });
  });
});

describe('the page that opens a socket', () => {
  test.each([
    ['a program, which names none', undefined, true],
    ['this server', 'same', true],
    ['a configured origin', 'https://app.example', true],
    ['another origin', 'https://evil.example', false],
    ['another port of this host', 'http://127.0.0.1:1', false],
    ['a sandboxed frame', 'null', false],
  ])('%s', async (_, origin, allowed) => {
    const server = await startTestServer({ corsOrigins: ['https://app.example'] });
    const headers: Record<string, string> = origin
      ? { origin: origin === 'same' ? server.origin : origin }
      : {};
    const ws = new WebSocket(server.url.replace('http', 'ws'), 'graphql-transport-ws', { headers });
    const outcome = await once(ws, 'open').then(() => 'open', String);
    expect(outcome).toContain(allowed ? 'open' : '403');
    ws.terminate();
  });
});

test('a socket on another path is refused', async () => {
  const { origin } = await startTestServer();
  const ws = new WebSocket(`${origin.replace('http', 'ws')}/other`, 'graphql-transport-ws');
  const [error] = await once(ws, 'error');
  expect(String(error)).toContain('404');
});

test('a socket outlives operations that fail', async () => {
  const { url } = await startTestServer();
  const client = await connect(url);
  const bad = [
    { query: '{ hello' },
    { query: '{ nothing }' },
    { query: '{ take(n: "x") }' },
    { query: 'subscription { fail(with: SURPRISE) }' },
    { query: '{ fail(with: GATEWAY) }' },
    { query: 'query ($n: Int!) { take(n: $n) }', variables: {} },
    { query: '{ hello }', operationName: 'Missing' },
    { query: '' },
    { query: '{ hello }', nonsense: 1 },
  ];
  for (const [index, operation] of bad.entries()) {
    client.subscribe(`${index}`, operation);
    const message = await client.next(`${index}`);
    expect([index, message.type]).toEqual([index, index === 4 ? 'next' : 'error']);
  }
  client.subscribe('good', HELLO);
  expect(await client.next('good')).toMatchObject({ payload: { data: { hello: 'world' } } });
});

test('operations over the cap are refused one by one, and run once others ended', async () => {
  const { url } = await startTestServer({ limits: { operationsPerSocket: 3 } });
  const client = await connect(url);
  for (const id of ['a', 'b', 'c', 'd']) client.subscribe(id, { query: 'subscription { deaf }' });
  expect(await client.next('d')).toMatchObject({
    type: 'error',
    payload: [{ extensions: { code: 'TOO_MANY_OPERATIONS' } }],
  });
  client.send({ id: 'a', type: 'complete' });
  client.subscribe('e', HELLO);
  expect(await client.next('e')).toMatchObject({ type: 'next', payload: { data: { hello: 'world' } } });
});

test('a client that speaks another protocol is told so, and harms nobody', async () => {
  const { url } = await startTestServer();
  const ws = new WebSocket(url.replace('http', 'ws'));
  expect((await once(ws, 'close'))[0]).toBe(4406);
  const client = await connect(url);
  client.subscribe('1', HELLO);
  expect(await client.next('1')).toMatchObject({ payload: { data: { hello: 'world' } } });
});

test('a message over the limit closes the socket', async () => {
  const { url } = await startTestServer({ limits: { bodyBytes: 1_000 } });
  const client = await connect(url);
  client.subscribe('1', { query: `{ hello } # ${'x'.repeat(2_000)}` });
  expect(await client.closed).toMatchObject({ code: 1009 });
});

test.each([
  ['an operation before the greeting', { id: '1', type: 'subscribe', payload: HELLO }, 4401],
  ['what is no message', { type: 'nonsense' }, 4400],
])('%s closes the socket', async (_, message, code) => {
  const { url } = await startTestServer();
  const ws = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws');
  await once(ws, 'open');
  ws.send(JSON.stringify(message));
  expect((await once(ws, 'close'))[0]).toBe(code);
});

test('frames are never compressed, whatever the client offers', async () => {
  const { url } = await startTestServer();
  const client = await connect(url, undefined, { perMessageDeflate: true });
  expect(client.ws.extensions).toBe('');
});
