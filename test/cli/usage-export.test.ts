import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { bootGateway } from '../support/gateway.ts';
import { makeFolder, runSluice } from './support/sluice.ts';

const CREATE = `mutation {
  completionCreate(input: {
    model: "demo/expensive", source: { text: "Hi" }, tags: [{ key: "feature", value: "=search" }]
  }) { completion { usage { input output } cost { amount } } }
}`;

it('writes usage as CSV or JSON, of a gateway that does not run', { timeout: 60_000 }, async () => {
  const folder = await makeFolder();
  const exportUsage = (...args: string[]) => runSluice(folder, {}, ['usage', 'export', ...args]).ended;
  const running = await bootGateway({ dataDir: join(folder, 'data') });
  const { data } = await running.ask(CREATE);
  await running.stop(0);
  const { usage, cost } = data.completionCreate.completion;

  const from = ['--from', '2020-01-01T00:00:00Z'];
  const csv = await exportUsage(...from, '--group-by', 'model,tag');
  expect(csv).toMatchObject({ code: 0, stderr: '' });
  const [heading, line, end] = csv.stdout.split('\r\n');
  expect(heading).toMatch(/^model,tag_key,tag_value,requests,errors,.*,cost_usd,p50_first_token_ms,/);
  // A spreadsheet must not take the tag for a formula.
  expect(line).toMatch(
    new RegExp(
      `^demo/expensive,feature,'=search,1,0,0,0,${usage.input},${usage.output},0,0,0,${cost.amount},`,
    ),
  );
  expect(end).toBe('');

  const options = ['--granularity', 'day', '--format', 'json', '--out', 'usage.json'];
  expect(await exportUsage(...from, ...options)).toEqual({ code: 0, stdout: '', stderr: '' });
  const rows = JSON.parse(await readFile(join(folder, 'usage.json'), 'utf8'));
  expect(rows).toMatchObject([
    { start: expect.stringMatching(/T00:00:00.000Z$/), requests: 1, cost_usd: cost.amount },
  ]);

  const misspelt = await exportUsage(...from, '--group-by', 'colour');
  expect(misspelt).toMatchObject({ code: 1, stdout: '' });
  expect(misspelt.stderr).toMatch(
    /^sluice: --group-by is "colour"; it must be one of model, provider, .*\n$/,
  );
});
