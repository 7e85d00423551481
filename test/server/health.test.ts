import { createServer } from 'node:net';
import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { Unavailable } from '../../src/domain/errors.ts';
import { startTestServer } from './support/server.ts';

test('/healthz says that the process lives, whatever else is wrong', async () => {
  const { origin } = await startTestServer({ ready: () => Promise.reject(new Error('down')) });
  const response = await fetch(`${origin}/healthz`);
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({ status: 'alive' });
});

test('/readyz says that work can be done', async () => {
  const { origin } = await startTestServer();
  expect((await fetch(`${origin}/readyz`)).status).toBe(200);
});

test('/readyz names a reason that was made to be read', async () => {
  const { origin } = await startTestServer({
    ready: () => Promise.reject(new Unavailable('the database cannot be reached')),
  });
  const response = await fetch(`${origin}/readyz`);
  expect(response.status).toBe(503);
  expect(await response.json()).toEqual({ status: 'not ready', reason: 'the database cannot be reached' });
});

test('/readyz keeps any other reason for the log', async () => {
  const { origin, logged } = await startTestServer({
    ready: () => Promise.reject(new Error('secret-host refused')),
  });
  const response = await fetch(`${origin}/readyz`);
  expect(response.status).toBe(503);
  expect(await response.text()).not.toContain('secret-host');
  expect(String(logged[0]?.details['err'])).toContain('secret-host');
});

test('/readyz gives up on a check that hangs', async () => {
  const { origin } = await startTestServer({ ready: () => new Promise(() => {}) });
  expect((await fetch(`${origin}/readyz`)).status).toBe(503);
});

test('a taken port is refused with what to do', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void other.close());
  await once(other, 'listening');
  const { port } = other.address() as { port: number };
  await expect(startTestServer({ port })).rejects.toThrow(`port ${port} is taken; set PORT to another`);
});
