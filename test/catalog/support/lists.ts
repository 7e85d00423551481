import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** A price list as genai-prices has them: two models of OpenAI's, one with tiers, at prices that tell them apart. */
export function listOf(input: number) {
  return [
    {
      id: 'openai',
      name: 'OpenAI',
      api_pattern: 'https://api\\.openai\\.com',
      extractors: [{ anything: 'else' }],
      models: [
        {
          id: 'gpt-4o',
          match: { or: [{ equals: 'gpt-4o' }, { regex: '^gpt-4o-\\d{4}-\\d{2}-\\d{2}$' }] },
          prices: { input_mtok: input, output_mtok: 10, an_unknown_unit: 3 },
        },
        {
          id: 'gpt-99',
          name: 'GPT 99',
          match: { equals: 'gpt-99' },
          context_window: 9_000,
          prices: [
            { prices: { input_mtok: { base: 1, tiers: [{ start: 1_000, price: 2 }] }, output_mtok: 1 } },
            { constraint: { start_date: '2026-01-01' }, prices: { input_mtok: 5, output_mtok: 6 } },
          ],
        },
      ],
    },
    { id: 'azure', fallback_model_providers: ['openai'], models: [] },
  ];
}

/** A file with this in it, for one test. */
export async function writeList(content: unknown): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-prices-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, 'prices.json');
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

/** A server on this machine, for one test. */
export async function serve(answer: RequestListener): Promise<URL> {
  const server = createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/lists/prices.json`);
}
