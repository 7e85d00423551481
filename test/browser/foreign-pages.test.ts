import { hash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_KEY, bootGateway, type TestGateway } from '../support/gateway.ts';
import { createTestDatabase, type TestDatabase } from '../support/test-database.ts';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
);
const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-sync'];

const TRUSTED = 'query Who { viewer { organisationId } }';
const OTHER = '{ viewer { scopes } }';

/** What a page gets to see of an answer; undefined where the browser keeps it from it. */
interface Seen {
  status?: number;
  text?: string;
}

describe.skipIf(!CHROMIUM)('a page in a real browser', () => {
  let browser: Browser;
  let database: TestDatabase;
  let gateway: TestGateway;
  const servers: Server[] = [];

  /** A page of an origin of its own. */
  async function openPage(origin: string): Promise<Page> {
    const page = await browser.newPage();
    await page.goto(origin);
    return page;
  }

  async function startSite(): Promise<string> {
    const server = createServer((_, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html><title>a site</title>');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    servers.push(server);
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  let friend: string;
  let stranger: string;
  beforeAll(async () => {
    [friend, stranger, browser, database] = await Promise.all([
      startSite(),
      startSite(),
      chromium.launch({ executablePath: CHROMIUM!, args: ARGS }),
      createTestDatabase(),
    ]);
    gateway = await bootGateway({
      databaseUrl: database.databaseUrl,
      config: {
        corsOrigins: [friend],
        operations: { mode: 'trusted', documents: { [`sha256:${hash('sha256', TRUSTED)}`]: TRUSTED } },
      },
    });
  });
  afterAll(async () => {
    await browser.close();
    for (const server of servers) server.close();
    await gateway.stop(0);
    await database.drop();
  });

  const send = (page: Page, params: object) =>
    page.evaluate(
      async ({ url, key, body }): Promise<Seen> => {
        const headers = { 'content-type': 'application/json', authorization: `Bearer ${key}` };
        try {
          const response = await fetch(url, { method: 'POST', headers, body });
          return { status: response.status, text: await response.text() };
        } catch {
          return {};
        }
      },
      { url: gateway.url, key: ADMIN_KEY, body: JSON.stringify(params) },
    );

  const openSocket = (page: Page, text: string) =>
    page.evaluate(
      ({ url, key, query }) =>
        new Promise<string>((resolve) => {
          const ws = new WebSocket(url.replace('http', 'ws'), 'graphql-transport-ws');
          ws.addEventListener('error', () => resolve('refused'));
          ws.addEventListener('open', () =>
            ws.send(JSON.stringify({ type: 'connection_init', payload: { authorization: `Bearer ${key}` } })),
          );
          ws.addEventListener('message', ({ data }) => {
            const { type } = JSON.parse(String(data)) as { type: string };
            if (type === 'connection_ack')
              ws.send(JSON.stringify({ id: '1', type: 'subscribe', payload: { query } }));
            else if (type !== 'ping') resolve(String(data));
          });
        }),
      { url: gateway.url, key: ADMIN_KEY, query: text },
    );

  it('of an origin that is allowed runs what is trusted, and nothing else', async () => {
    const page = await openPage(friend);
    expect(await send(page, { documentId: hash('sha256', TRUSTED) })).toMatchObject({ status: 200 });
    expect((await send(page, { query: TRUSTED })).text).toContain('organisationId');
    expect((await send(page, { query: OTHER })).text).toContain('OPERATION_NOT_TRUSTED');
    expect(await openSocket(page, TRUSTED)).toContain('organisationId');
    expect(await openSocket(page, OTHER)).toContain('OPERATION_NOT_TRUSTED');
    await page.close();
  });

  it('of another origin reads nothing and opens no socket', async () => {
    const page = await openPage(stranger);
    expect(await send(page, { query: TRUSTED })).toEqual({});
    expect(await openSocket(page, TRUSTED)).toBe('refused');
    await page.close();
  });

  it('of another origin cannot send what a browser sends unasked', async () => {
    const page = await openPage(stranger);
    const answers: [string, number][] = [];
    page.on('response', (response) => answers.push([response.request().method(), response.status()]));
    // In this mode a browser asks nobody first, and shows the page nothing of the answer.
    await page.evaluate(
      async ({ url, body }) => {
        const mode = 'no-cors';
        await fetch(url, { mode, method: 'POST', headers: { 'content-type': 'text/plain' }, body });
        await fetch(url, { mode, method: 'POST', body: new URLSearchParams({ query: body }) });
        await fetch(`${url}?query=${encodeURIComponent(body)}`, { mode });
      },
      { url: gateway.url, body: TRUSTED },
    );
    await page.evaluate((url) => {
      const form = document.createElement('form');
      Object.assign(form, { action: url, method: 'POST', enctype: 'text/plain' });
      document.body.append(form);
      form.submit();
    }, gateway.url);
    await expect
      .poll(() => answers)
      .toEqual([
        ['POST', 415],
        ['POST', 415],
        ['GET', 400],
        ['POST', 415],
      ]);
    await page.close();
  });

  it('of any origin cannot hide that it is one', async () => {
    const page = await openPage(friend);
    const hidden = await page
      .evaluate(
        async ({ url, key, query }) => {
          const response = await fetch(url, {
            method: 'POST',
            referrerPolicy: 'no-referrer',
            credentials: 'omit',
            headers: {
              'content-type': 'application/json',
              authorization: `Bearer ${key}`,
              origin: '',
              'sec-fetch-site': '',
            },
            body: JSON.stringify({ query }),
          });
          return response.text();
        },
        { url: gateway.url, key: ADMIN_KEY, query: OTHER },
      )
      .catch(() => 'kept from it');
    expect(hidden).toMatch(/OPERATION_NOT_TRUSTED|kept from it/);
    await page.close();
  });

  it('of the gateway itself is one too', async () => {
    const page = await openPage(gateway.url);
    expect((await send(page, { query: OTHER })).text).toContain('OPERATION_NOT_TRUSTED');
    const { text } = await send(page, { query: '{ __schema { queryType { name } } }' });
    expect(text).toContain('"Query"');
    await page.close();
  });
});
