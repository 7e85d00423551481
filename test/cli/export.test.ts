import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ADMIN_KEY, bootGateway } from '../support/gateway.ts';
import { makeFolder, runSluice } from './support/sluice.ts';

const CREATE = `mutation {
  completionCreate(input: { model: "demo/echo", source: { text: "kept words" } }) { completion { id } }
}`;

it('writes all data once, into a file that only its owner can read', { timeout: 60_000 }, async () => {
  const folder = await makeFolder();
  const exportTo = (file: string) => runSluice(folder, {}, ['db', 'export', file]).ended;
  expect(await exportTo('none.sql')).toEqual({
    code: 1,
    stdout: '',
    stderr: `sluice: there is no embedded database in ${join(folder, 'data')}\n`,
  });

  const running = await bootGateway({ dataDir: join(folder, 'data') });
  const { data } = await running.ask(CREATE);
  const whileOpen = await exportTo('all.sql');
  expect(whileOpen.code).toBe(1);
  expect(whileOpen.stderr).toMatch(/^sluice: .*in use.*\n$/);
  await running.stop(0);

  expect(await exportTo('all.sql')).toEqual({ code: 0, stdout: 'wrote all.sql\n', stderr: '' });
  const file = join(folder, 'all.sql');
  expect(((await stat(file)).mode & 0o777).toString(8)).toBe('600');
  const text = await readFile(file, 'utf8');
  expect(text).toMatch(/^BEGIN;\n[^]*\nCOMMIT;\n$/);
  expect(text).toContain(data.completionCreate.completion.id);
  expect(text).toContain('kept words');
  expect(text).not.toContain(ADMIN_KEY);

  const again = await exportTo('all.sql');
  expect(again.code).toBe(1);
  expect(again.stderr).toMatch(/^sluice: .*all\.sql.*\n$/);
  expect(await readFile(file, 'utf8')).toBe(text);
});
