import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { describe, expect, test } from 'vitest';
import { WebSocket, type ClientOptions } from 'ws';
import { createCounts } from '../../src/lib/counts.ts';
import { createRate } from '../../src/server/socket-limits.ts';
import { connect } from '../server/support/client.ts';
import { startTestServer } from '../server/support/server.ts';

const HELLO = { query: '{ hello }' };
const WAIT = { query: 'subscription { deaf }' };

/** Only the socket, without the greeting. */
async function open(url: string, options: ClientOptions = {}): Promise<WebSocket> {
  const ws = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws', options);
  await once(ws, 'open');
  return ws;
}

async function isAlive(url: string): Promise<boolean> {
  const client = await connect(url);
  client.subscribe('1', HELLO);
  const { type } = await client.next('1');
  client.ws.close();
  return type === 'next' && (await fetch(new URL('/healthz', url))).ok;
}

describe('a socket that says too much', () => {
  test('in messages is closed for good, and others go on', async () => {
    const { url } = await startTestServer({ limits: { messagesPerSecond: 10 } });
    const client = await connect(url);
    for (let count = 0; count < 10_000; count += 1) client.subscribe(`${count}`, WAIT);
    expect(await client.closed).toMatchObject({ code: 1008, reason: expect.stringContaining('10 messages') });
    expect(await isAlive(url)).toBe(true);
  });

  test.each(['ping', 'pong'] as const)('in %ss is closed for good', async (kind) => {
    const { url } = await startTestServer({ limits: { messagesPerSecond: 10 } });
    const client = await connect(url);
    client.ws.on('error', () => {});
    for (let count = 0; count < 100_000 && client.ws.readyState === client.ws.OPEN; count += 1) {
      client.ws[kind](Buffer.alloc(0));
      if (count % 1_000 === 0) await new Promise(setImmediate);
    }
    expect((await client.closed).code).toBe(1008);
    expect(await isAlive(url)).toBe(true);
  });

  test('below the limit stays open', async () => {
    const { url } = await startTestServer({ limits: { messagesPerSecond: 10 } });
    const client = await connect(url);
    for (let count = 0; count < 10; count += 1) {
      client.subscribe(`${count}`, HELLO);
      expect(await client.next(`${count}`)).toMatchObject({ type: 'next' });
    }
    client.ws.close();
  });

  test('in pieces of one byte is closed', async () => {
    const { url } = await startTestServer();
    const ws = await open(url);
    ws.on('error', () => {});
    const closed = once(ws, 'close');
    ws.send('{', { fin: false });
    for (let count = 0; count < 1_000_000 && ws.readyState === ws.OPEN; count += 1) {
      ws.send(' ', { fin: false });
      if (count % 1_000 === 0) await new Promise(setImmediate);
    }
    expect((await closed)[0]).toBe(1008);
    expect(await isAlive(url)).toBe(true);
  });

  test('in a frame over the limit is closed, also when it never ends', async () => {
    const { url } = await startTestServer({ limits: { bodyBytes: 1_000 } });
    const whole = await open(url);
    whole.send('x'.repeat(1_001));
    expect((await once(whole, 'close'))[0]).toBe(1009);
    const pieces = await open(url);
    pieces.send('x'.repeat(900), { fin: false });
    pieces.send('x'.repeat(900), { fin: false });
    expect((await once(pieces, 'close'))[0]).toBe(1009);
    expect(await isAlive(url)).toBe(true);
  });

  test('that is no text, or no UTF-8, is closed', async () => {
    const { url } = await startTestServer();
    for (const [bytes, binary] of [
      [Buffer.from([0xff, 0xfe]), false],
      [Buffer.from('nonsense'), true],
      [Buffer.from('[]'), false],
      [Buffer.from('{"type":"subscribe","id":"","payload":{}}'), false],
    ] as const) {
      const ws = await open(url);
      ws.send(bytes, { binary });
      expect([1007, 4400]).toContain((await once(ws, 'close'))[0]);
    }
    expect(await isAlive(url)).toBe(true);
  });
});

describe('a socket that says nothing', () => {
  test('is closed when it does not tell who it is', async () => {
    const { url } = await startTestServer({ timeouts: { socketInitMs: 20 } });
    const ws = await open(url);
    expect((await once(ws, 'close'))[0]).toBe(4408);
  });

  test('is closed when nothing runs on it, and not while something does', async () => {
    const { url } = await startTestServer({ timeouts: { idleSocketMs: 60 } });
    const busy = await connect(url);
    busy.subscribe('1', WAIT);
    const idle = await connect(url);
    expect(await idle.closed).toEqual({ code: 1001, reason: 'nothing has run' });
    expect(busy.ws.readyState).toBe(busy.ws.OPEN);
    busy.send({ id: '1', type: 'complete' });
    expect((await busy.closed).code).toBe(1001);
  });
});

describe('too many sockets', () => {
  test('of one address are refused, and let in again when others have gone', async () => {
    const { url } = await startTestServer({ limits: { socketsPerAddress: 2 } });
    const [first] = [await open(url), await open(url)];
    const refused = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws');
    expect(String((await once(refused, 'error'))[0])).toContain('429');
    first.close();
    await once(first, 'close');
    await expect
      .poll(() =>
        open(url).then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
  });

  test('of one network of IPv6 count together, since all of its addresses belong to one client', async () => {
    const { url } = await startTestServer({
      limits: { socketsPerAddress: 2 },
      trustedProxies: ['127.0.0.1'],
    });
    const from = (address: string) => open(url, { headers: { 'x-forwarded-for': address } });
    await from('2001:db8::1');
    await from('2001:db8::2');
    await expect(from('2001:db8::3')).rejects.toThrow('429');
    await from('2001:db8:0:1::1');
  });

  test('of one key are told to come back later; those of another key are not', async () => {
    const { url } = await startTestServer({ limits: { socketsPerKey: 2 } });
    const mine = { authorization: 'Bearer mine' };
    const [first] = [await connect(url, mine), await connect(url, mine)];
    // In the header of the upgrade it is the same key.
    const third = await open(url, { headers: mine });
    third.send(JSON.stringify({ type: 'connection_init' }));
    const [code, reason] = (await once(third, 'close')) as [number, Buffer];
    expect([code, String(reason)]).toEqual([1013, 'this key has too many sockets']);
    await connect(url, { authorization: 'Bearer another' });
    first.ws.close();
    await first.closed;
    await expect.poll(() => connectsAs(url, mine)).toBe(true);
  });
});

async function connectsAs(url: string, credentials: object): Promise<boolean> {
  const ws = await open(url);
  ws.send(JSON.stringify({ type: 'connection_init', payload: credentials }));
  const outcome = await Promise.race([
    once(ws, 'message').then(() => true),
    once(ws, 'close').then(() => false),
  ]);
  ws.close();
  return outcome;
}

describe('an upgrade', () => {
  test.each([
    [
      'with a flood of headers',
      Object.fromEntries(Array.from({ length: 3_000 }, (_, at) => [`x-h${at}`, 'y'])),
    ],
    ['with one header that is very long', { 'x-long': 'y'.repeat(100_000) }],
  ])('%s is refused', async (_, headers) => {
    const { url } = await startTestServer();
    const ws = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws', { headers });
    const [error] = await once(ws, 'error');
    expect(String(error)).toMatch(/431|ECONNRESET|EPIPE|socket hang up/);
    expect(await isAlive(url)).toBe(true);
  });

  test('that is no WebSocket is refused, and its connection closed', async () => {
    const { url, port } = await startTestServer();
    const socket = connectTcp(port, '127.0.0.1');
    socket.write('GET /graphql HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: nonsense\r\n\r\n');
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(String(answer)).toContain('HTTP/1.1 400');
    await once(socket, 'close');
    expect(await isAlive(url)).toBe(true);
  });
});

describe('the counts', () => {
  test('are exact, and forget whoever has given all back', () => {
    const counts = createCounts(2);
    const first = counts.take('a');
    expect([typeof first, typeof counts.take('a'), counts.take('a')]).toEqual([
      'function',
      'function',
      undefined,
    ]);
    expect(counts.take('b')).toBeDefined();
    first?.();
    first?.();
    expect([counts.take('a') !== undefined, counts.take('a')]).toEqual([true, undefined]);
  });

  test('of a rate allow a burst of two seconds, and then as many as come in', () => {
    let nowMs = 0;
    const mayPass = createRate(10, () => nowMs);
    const pass = (times: number) => Array.from({ length: times }, mayPass).filter(Boolean).length;
    expect(pass(100)).toBe(20);
    nowMs += 500;
    expect(pass(100)).toBe(5);
    nowMs += 60_000;
    expect(pass(100)).toBe(20);
  });
});
