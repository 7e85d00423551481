import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_KEY, useGateway } from '../support/gateway.ts';

/** Where Linux distributions put it; playwright-core brings no browser of its own. */
const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
);
const ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

describe.skipIf(!CHROMIUM)('GraphiQL in a browser', () => {
  const gateway = useGateway();
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM!, args: ARGS });
  });
  afterAll(() => browser.close());

  it('shows the schema and streams its example, asking no other host for anything', async () => {
    const page = await browser.newPage();
    const hosts = new Set<string>();
    page.on('request', (request) => hosts.add(new URL(request.url().replace(/^blob:/, '')).host));
    const streamed: string[] = [];
    page.on('websocket', (socket) =>
      socket.on('framereceived', ({ payload }) => streamed.push(String(payload))),
    );

    await page.goto(gateway().url);
    await page.getByText('<your key>').click();
    await page.keyboard.press('ControlOrMeta+A');
    // The editor closes the string and the brace by itself.
    await page.keyboard.insertText(`{"Authorization":"Bearer ${ADMIN_KEY}`);
    await page.getByRole('button', { name: /^Execute query/ }).click();

    await page.locator('.result-window').getByText('CompletionFinished').waitFor();
    expect(streamed.filter((frame) => frame.includes('CompletionTextDelta')).length).toBeGreaterThan(1);
    expect([...hosts]).toEqual([new URL(gateway().url).host]);
  });
});
