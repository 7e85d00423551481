import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import type { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { ask, connect } from './support/client.ts';
import { startTestServer } from './support/server.ts';
import type { TestServer } from './support/server.ts';

const CHUNK_BYTES = 10_000;
/** What the system's own buffers and one round of ours hold; a stream without bounds passes this in a moment. */
const BOUND_BYTES = 20_000_000;
const FLOOD = { query: `subscription { chunks(bytes: ${CHUNK_BYTES}) }` };
const IMPATIENT = { timeouts: { stalledReaderMs: 300 } };

/** Asks for an event stream and reads nothing of it. */
async function openUnreadStream({ port }: TestServer): Promise<Socket> {
  const body = JSON.stringify(FLOOD);
  const socket = connectTcp(port, '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  socket.pause();
  socket.write(
    `POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\naccept: text/event-stream\r\n` +
      `content-length: ${body.length}\r\n\r\n${body}`,
  );
  return socket;
}

/** Resolves once nothing more was taken from the source for a while: its reader holds it back. */
async function standstill({ toy }: TestServer): Promise<void> {
  let before = -1;
  while (toy.taken === 0 || toy.taken !== before) {
    before = toy.taken;
    await new Promise((next) => setTimeout(next, 50));
  }
}

describe('who does not read is held back, then closed', () => {
  test('over SSE', async () => {
    const server = await startTestServer(IMPATIENT);
    const socket = await openUnreadStream(server);
    await standstill(server);
    expect(await ask('HTTP', server.url, { query: '{ hello }' })).toEqual({ data: { hello: 'world' } });
    expect(server.toy.taken * CHUNK_BYTES).toBeLessThan(BOUND_BYTES);
    await server.toy.returned();
    socket.resume();
    await once(socket, 'close');
  });

  test('over WS, with a reason', async () => {
    const server = await startTestServer(IMPATIENT);
    const client = await connect(server.url);
    client.ws.pause();
    client.subscribe('1', FLOOD);
    await standstill(server);
    const other = await connect(server.url);
    other.subscribe('1', { query: '{ hello }' });
    expect(await other.next('1')).toMatchObject({ payload: { data: { hello: 'world' } } });
    expect(server.toy.taken * CHUNK_BYTES).toBeLessThan(BOUND_BYTES);
    await server.toy.returned();
    client.ws.resume();
    expect(await client.closed).toEqual({ code: 1013, reason: 'the client reads too slowly' });
  });

  test('over WS, cut when the reason is not taken either', async () => {
    const server = await startTestServer(IMPATIENT);
    const client = await connect(server.url);
    client.ws.pause();
    client.subscribe('1', FLOOD);
    await server.toy.returned();
    await new Promise((later) => setTimeout(later, 1_200));
    client.ws.resume();
    expect(await client.closed).toMatchObject({ code: 1006 });
  });
});

test('answers to a client that asks without end and reads nothing do not pile up', async () => {
  const server = await startTestServer();
  const client = await connect(server.url);
  client.ws.pause();
  const ping = JSON.stringify({ type: 'ping', payload: { filler: 'x'.repeat(50_000) } });
  for (let sent = 0; sent < 1_000; sent += 1) client.ws.send(ping);
  let before = -1;
  while (client.ws.bufferedAmount !== before) {
    before = client.ws.bufferedAmount;
    await new Promise((next) => setTimeout(next, 50));
  }
  // What the server did not read stands on the client's side.
  expect(client.ws.bufferedAmount).toBeGreaterThan(1_000 * 50_000 - BOUND_BYTES);
  client.ws.resume();
  for (let answered = 0; answered < 1_000; answered += 1) await client.next('pong');
});

test('a slow reader that does read is left alone', async () => {
  const server = await startTestServer(IMPATIENT);
  const client = await connect(server.url);
  client.subscribe('1', FLOOD);
  for (let pause = 0; pause < 8; pause += 1) {
    client.ws.pause();
    await new Promise((later) => setTimeout(later, 100));
    client.ws.resume();
    await client.next('1');
  }
  expect(client.ws.readyState).toBe(client.ws.OPEN);
  client.ws.terminate();
});
