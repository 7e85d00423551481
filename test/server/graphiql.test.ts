import { get } from 'node:http';
import type { IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { startTestServer } from './support/server.ts';

/** `fetch` would unpack the body. */
function getPage(url: string, headers: Record<string, string>): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(url, { headers: { accept: 'text/html', ...headers } }, resolve).on('error', reject);
  });
}

test('the page comes compressed as the browser likes', async () => {
  const { url } = await startTestServer();
  const [brotli, gzipped, plain, refused] = await Promise.all([
    getPage(url, { 'accept-encoding': 'gzip, deflate, br' }),
    getPage(url, { 'accept-encoding': 'gzip' }),
    getPage(url, {}),
    getPage(url, { 'accept-encoding': 'br;q=0, gzip;q=0.0' }),
  ]);
  expect(brotli.headers['content-encoding']).toBe('br');
  expect(gzipped.headers['content-encoding']).toBe('gzip');
  expect(refused.headers['content-encoding']).toBeUndefined();
  const html = await buffer(plain);
  expect((await buffer(refused)).equals(html)).toBe(true);
  const small = await buffer(brotli);
  expect(small.byteLength).toBeLessThan(html.byteLength / 4);
  expect(brotliDecompressSync(small).equals(html)).toBe(true);
  expect(gunzipSync(await buffer(gzipped)).equals(html)).toBe(true);
});

test('a browser that has the page is told so', async () => {
  const { url } = await startTestServer();
  const first = await getPage(url, { 'accept-encoding': 'br' });
  first.resume();
  const etag = first.headers.etag ?? '';
  const second = await getPage(url, { 'accept-encoding': 'br', 'if-none-match': etag });
  expect(etag).not.toBe('');
  expect(second.statusCode).toBe(304);
  expect((await buffer(second)).byteLength).toBe(0);
});

test('the page needs no other host, and could reach none', async () => {
  const { url } = await startTestServer();
  const page = await getPage(url, {});
  const html = String(await buffer(page));
  expect(html).toContain('subscription Example');
  expect(html).not.toMatch(/<(script|link|img|iframe)[^>]+(src|href)="?(https?:)?\/\//);
  const policy = String(page.headers['content-security-policy']);
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("connect-src 'self'");
  expect(policy).not.toContain('http');
});

test('production has no such page', async () => {
  const { url } = await startTestServer({ environment: 'production' });
  const page = await getPage(url, {});
  page.resume();
  expect(page.headers['content-type'] ?? '').not.toContain('html');
});
