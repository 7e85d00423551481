import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, test } from 'vitest';
import { useGateway } from '../support/gateway.ts';

const gateway = useGateway({ config: { environment: 'production', introspection: 'keys' } });
const top = join(import.meta.dirname, '../..');

const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD'];
const PATHS = [
  '/',
  '/graphql',
  '/graphql/',
  '/graphql/stream',
  '/graphql?query={viewer{scopes}}',
  '//graphql',
  '/GraphQL',
  '/graphql%2f',
  '/healthz/../graphql',
  '/v1/chat/completions',
  '/v1/proxy/x',
  '/admin',
  '/metrics',
  '/.env',
  '/readyz/x',
];

it.each(PATHS)('%s shows nothing without a key, whatever the method', async (path) => {
  const body = JSON.stringify({ query: '{ viewer { scopes } }' });
  for (const method of METHODS) {
    const response = await fetch(new URL(gateway().url).origin + path, {
      method,
      headers: { 'content-type': 'application/json', 'x-sluice-preflight': '1' },
      ...(['GET', 'HEAD', 'OPTIONS'].includes(method) ? {} : { body }),
    });
    const text = await response.text();
    expect(text, `${method} ${path}`).not.toContain('"data"');
    // What a browser asks beforehand is answered, with nothing in it.
    expect(response.status >= 400 || method === 'OPTIONS', `${method} ${path}`).toBe(true);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  }
});

test('each path that the server knows is in the README', () => {
  const source = readFileSync(join(top, 'src/server/http.ts'), 'utf8');
  const paths = [...source.matchAll(/path === ('\/\w+'|GRAPHQL_PATH)/g)].map(([, path]) => path);
  expect(paths).toEqual(['GRAPHQL_PATH', "'/healthz'", "'/readyz'"]);
  const readme = readFileSync(join(top, 'README.md'), 'utf8');
  for (const path of ['/graphql', '/healthz', '/readyz']) expect(readme).toContain(path);
});

test('a forged host, or address of the client, is never a reason to answer', async () => {
  for (const name of ['x-forwarded-for', 'x-forwarded-host', 'x-real-ip', 'x-original-url', 'forwarded']) {
    const response = await fetch(gateway().url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', [name]: '127.0.0.1' },
      body: JSON.stringify({ query: '{ viewer { scopes } }' }),
    });
    expect(response.status).toBe(401);
  }
});
