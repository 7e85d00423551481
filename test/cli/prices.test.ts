import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { listOf } from '../catalog/support/lists.ts';
import { bootGateway } from '../support/gateway.ts';
import { makeFolder, runSluice } from './support/sluice.ts';

const QUERY = '{ model(name: "openai/gpt-4o") { price { source rates { amount { amount } } } } }';

it('takes a price list into use and prints what changed', { timeout: 120_000 }, async () => {
  const folder = await makeFolder();
  const refresh = (...args: string[]) => runSluice(folder, {}, ['prices', 'refresh', ...args]).ended;
  const write = (name: string, content: unknown) => writeFile(join(folder, name), JSON.stringify(content));

  const unnamed = await refresh();
  expect(unnamed).toMatchObject({ code: 1, stdout: '' });
  expect(unnamed.stderr).toBe('sluice: name a file or a URL, or set prices.source in the config file\n');

  await write('prices.json', listOf(2));
  const first = await refresh('prices.json');
  expect(first).toMatchObject({ code: 0, stderr: '' });
  expect(first.stdout).toMatch(/^\+ openai\/gpt-99\n- /);
  expect(first.stdout).toMatch(/\n {2}and \d+ more\n/);
  expect(first.stdout).toMatch(/\nprices\.json: 2 models; 1 added, \d{3,} removed, 1 with another price\n$/);

  await write('prices.json', listOf(3));
  await writeFile(join(folder, 'sluice.config.yaml'), 'prices: { source: prices.json }');
  expect((await refresh()).stdout).toBe(
    '~ openai/gpt-4o: an_unknown_unit 3, input_mtok 2, output_mtok 10 => an_unknown_unit 3, input_mtok 3, output_mtok 10\n' +
      'prices.json: 2 models; 0 added, 0 removed, 1 with another price\n',
  );

  await write('prices.json', []);
  const broken = await refresh();
  expect(broken).toMatchObject({ code: 1, stdout: '' });
  expect(broken.stderr).toBe('sluice: the price list of prices.json is not taken: it: is empty\n');

  const variables = { OPENAI_API_KEY: 'of-nobody', SLUICE_DETECT: '1' };
  const running = await bootGateway({ dataDir: join(folder, 'data'), variables });
  const { data } = await running.ask(QUERY);
  expect(data.model.price).toMatchObject({
    source: expect.stringMatching(/^prices\.json [0-9a-f]{8}$/),
    rates: [{ amount: { amount: '3' } }, { amount: { amount: '10' } }],
  });
  await running.stop(0);
});
