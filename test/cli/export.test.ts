import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ask, lineOf, makeFolder, runSluice, urlOf } from './support/sluice.ts';

it('writes all data into a file that only its owner can read', async () => {
  const folder = await makeFolder();
  const sluice = runSluice(folder);
  const welcome = await sluice.welcome;
  const [key = ''] = lineOf(welcome, 'Key').split(' ');
  const { data } = await ask(
    urlOf(welcome),
    key,
    'mutation { completionCreate(input: { model: "demo/echo", source: { text: "kept words" } }) { completion { id } } }',
  );
  const open = await runSluice(folder, {}, ['db', 'export']).ended;
  expect({ ...open, stderr: '' }).toEqual({ code: 1, stdout: '', stderr: '' });
  expect(open.stderr).toMatch(/^sluice: .*in use/);
  await sluice.stop();

  expect(await runSluice(folder, {}, ['db', 'export', 'all.sql']).ended).toEqual({
    code: 0,
    stdout: 'wrote all.sql\n',
    stderr: '',
  });
  const file = join(folder, 'all.sql');
  expect(((await stat(file)).mode & 0o777).toString(8)).toBe('600');
  const text = await readFile(file, 'utf8');
  expect(text).toMatch(/^BEGIN;\n[^]*\nCOMMIT;\n$/);
  expect(text).toContain(data.completionCreate.completion.id);
  expect(text).toContain('kept words');
  expect(text).not.toContain(key);
});

it('overwrites nothing, and needs a database', async () => {
  const folder = await makeFolder();
  const without = await runSluice(folder, {}, ['db', 'export']).ended;
  expect(without.code).toBe(1);
  expect(without.stderr).toBe(`sluice: there is no embedded database in ${join(folder, 'data')}\n`);

  const sluice = runSluice(folder);
  await sluice.welcome;
  await sluice.stop();
  await writeFile(join(folder, 'sluice.sql'), 'mine');
  const { code, stderr } = await runSluice(folder, {}, ['db', 'export']).ended;
  expect(code).toBe(1);
  expect(stderr).toMatch(/^sluice: .*sluice\.sql.*\n$/);
  expect(await readFile(join(folder, 'sluice.sql'), 'utf8')).toBe('mine');
});
