import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { startTestServer } from '../server/support/server.ts';

const HEAD = 'POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n';

/** Sends a text, then one byte after the other for as long as it may. @returns what the server said. */
async function trickle(port: number, text: string, byte: string): Promise<string> {
  const socket: Socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  let said = '';
  socket.on('error', () => {}).on('data', (bytes: Buffer) => (said += String(bytes)));
  socket.write(text);
  const timer = setInterval(() => socket.write(byte), 5);
  await new Promise((resolve) => socket.once('close', resolve));
  clearInterval(timer);
  return said;
}

test.each([
  ['headers that never end', `${HEAD}x-slow: `, 'y'],
  ['a body that never ends', `${HEAD}content-length: 90000\r\n\r\n{`, ' '],
  ['a body in chunks that never ends', `${HEAD}transfer-encoding: chunked\r\n\r\n`, '1\r\n \r\n'],
])('%s are given up, and others are served', async (_, text, byte) => {
  const { port, origin } = await startTestServer({ timeouts: { headersMs: 100, requestMs: 100 } });
  const slow = Promise.all(Array.from({ length: 20 }, () => trickle(port, text, byte)));
  expect((await fetch(`${origin}/healthz`)).ok).toBe(true);
  for (const said of await slow) expect(said).toMatch(/^(HTTP\/1\.1 408 |$)/);
  expect((await fetch(`${origin}/healthz`)).ok).toBe(true);
});

test('a flood of headers is refused', async () => {
  const { port, origin } = await startTestServer();
  const headers = Array.from({ length: 5_000 }, (_, at) => `x-${at}: y\r\n`).join('');
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  socket.write(`${HEAD}${headers}\r\n`);
  let said = '';
  socket.on('data', (bytes: Buffer) => (said += String(bytes)));
  await once(socket, 'close');
  expect(said).toMatch(/^(HTTP\/1\.1 431 |$)/);
  expect((await fetch(`${origin}/healthz`)).ok).toBe(true);
});

test.each([
  ['two lengths', 'content-length: 4\r\ncontent-length: 5\r\n\r\n'],
  ['a length and chunks', 'content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['a header with a line feed alone', 'x-a: b\nx-c: d\r\n\r\n'],
])('a request with %s is refused', async (_, rest) => {
  const { port } = await startTestServer();
  const socket = connect(port, '127.0.0.1').on('error', () => {});
  socket.write(`${HEAD}${rest}`);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  expect(String(answer)).toMatch(/^HTTP\/1\.1 400 /);
});
