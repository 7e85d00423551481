import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';
import { connect as connectTcp } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { connect, post, postForStream, readResults } from './support/client.ts';
import type { Result } from './support/client.ts';
import { startTestServer } from './support/server.ts';

const LONG_MS = 20_000;

describe('a drain lets running work end', () => {
  test('of an HTTP request', async () => {
    const { url, toy, drain } = await startTestServer();
    const answer = post(url, { query: '{ slow }' });
    await toy.begun();
    const drained = drain(LONG_MS);
    toy.release();
    expect(await (await answer).json()).toEqual({ data: { slow: 'done at last' } });
    await drained;
  });

  test('of an event stream', async () => {
    const { url, toy, drain } = await startTestServer();
    const results = readResults(await postForStream(url, { query: 'subscription { slow }' }));
    expect((await results.next()).value).toEqual({ data: { slow: 'begun' } });
    const drained = drain(LONG_MS);
    toy.release();
    expect(await Array.fromAsync(results)).toEqual([{ data: { slow: 'done at last' } }]);
    await drained;
  });

  test('of a socket, which then hears goodbye', async () => {
    const { url, toy, drain } = await startTestServer();
    const client = await connect(url);
    client.subscribe('1', { query: 'subscription { slow }' });
    await client.next('1');
    const drained = drain(LONG_MS);
    client.subscribe('late', { query: '{ hello }' });
    expect(await client.next('late')).toMatchObject({
      type: 'error',
      payload: [{ extensions: { code: 'UNAVAILABLE' } }],
    });
    toy.release();
    expect(await client.next('1')).toMatchObject({ payload: { data: { slow: 'done at last' } } });
    expect(await client.next('1')).toMatchObject({ type: 'complete' });
    expect(await client.closed).toMatchObject({ code: 1001 });
    await drained;
  });
});

test('a drain takes no new connection, and sends idle clients away at once', async () => {
  const { url, toy, drain } = await startTestServer();
  const idle = await connect(url);
  const busy = post(url, { query: '{ slow }' });
  await toy.begun();
  const drained = drain(LONG_MS);
  expect(await idle.closed).toMatchObject({ code: 1001 });
  await expect(post(url, { query: '{ hello }' })).rejects.toThrow('fetch failed');
  toy.release();
  await busy;
  await drained;
});

test('a connection that is still open hears that the server is not ready, and is closed', async () => {
  const { port, toy, drain } = await startTestServer();
  const socket = connectTcp(port, '127.0.0.1');
  const answers = text(socket);
  const body = JSON.stringify({ query: '{ slow }' });
  const headers = `host: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}`;
  socket.write(`POST /graphql HTTP/1.1\r\n${headers}\r\n\r\n${body}`);
  await toy.begun();
  const drained = drain(LONG_MS);
  const arrived = arrivalOf('/readyz');
  socket.write('GET /readyz HTTP/1.1\r\nhost: x\r\n\r\n');
  await arrived;
  toy.release();
  expect(await answers).toMatch(/200 OK.*done at last.*503 Service Unavailable.*shutting down/s);
  await drained;
});

describe('what does not end in time is cut', () => {
  test('and nothing hangs', async () => {
    const { url, toy, drain } = await startTestServer();
    const client = await connect(url);
    client.subscribe('1', { query: 'subscription { deaf }' });
    const answer = post(url, { query: '{ wait }' }).catch(() => 'cut');
    const stream = await postForStream(url, { query: 'subscription { slow }' });
    const results = Array.fromAsync<Result>(readResults(stream)).catch(() => 'cut');
    await toy.begun();
    await drain(100);
    expect(await client.closed).toMatchObject({ code: 1001 });
    expect(await answer).toBe('cut');
    expect(await results).toBe('cut');
    await toy.aborted();
    await toy.returned();
  });

  test('at once, when told to close in the middle of a drain', async () => {
    const { url, toy, drain, close } = await startTestServer();
    const answer = post(url, { query: '{ wait }' }).catch(() => 'cut');
    await toy.begun();
    const drained = drain(LONG_MS);
    await close();
    await drained;
    expect(await answer).toBe('cut');
  });

  test('also a client that does not answer the goodbye', async () => {
    const { url, drain } = await startTestServer();
    const client = await connect(url);
    client.ws.pause();
    await drain(0);
    client.ws.resume();
    expect(await client.closed).toMatchObject({ code: expect.any(Number) });
  });
});

/** Resolves once a server of this process has read a request for this path. */
function arrivalOf(path: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const channel = 'http.server.request.start';
  subscribe(channel, function look(message) {
    if ((message as { request: IncomingMessage }).request.url !== path) return;
    unsubscribe(channel, look);
    resolve();
  });
  return promise;
}
