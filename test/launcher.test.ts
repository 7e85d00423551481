import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';

/** An installed package with a command line that only tells how it was started, and a Node that claims to be old. */
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-launcher-'));
  await mkdir(join(folder, 'bin'));
  await mkdir(join(folder, 'dist'), { recursive: true });
  await copyFile(join(import.meta.dirname, '../bin/sluice.cjs'), join(folder, 'bin/sluice.cjs'));
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  await writeFile(
    join(folder, 'dist/main.js'),
    `if (process.argv[2] === 'wait') {
       process.on('SIGTERM', () => process.exit(7));
       setInterval(() => {}, 1000);
     }
     console.log(JSON.stringify({ pid: process.pid, args: process.argv.slice(2) }));`,
  );
  await writeFile(
    join(folder, 'old.cjs'),
    `Object.defineProperty(process.versions, 'node', { value: '20.20.2' });`,
  );
});

afterAll(() => rm(folder, { recursive: true }));

test('starts the built command line in its own process, with its arguments', async () => {
  const launched = launch(['--port', '4001']);
  expect(await launched.said).toEqual({ pid: launched.child.pid, args: ['--port', '4001'] });
  expect(await launched.exitCode).toBe(0);
});

test('an old Node without another at hand gets one sentence', async () => {
  const { child, exitCode } = launch([], { old: true });
  expect(await text(child.stderr)).toMatch(/^sluice needs Node 22\.18 or newer; this is 20\.20\.2\. .*\n$/);
  expect(await exitCode).toBe(1);
});

test('an old Node hands over to the Node that npm installed, and passes on SIGTERM and the exit code', async () => {
  const bundled = join(folder, `node_modules/node-${process.platform}-${process.arch}`);
  await mkdir(join(bundled, 'bin'), { recursive: true });
  await writeFile(join(bundled, 'package.json'), '{}');
  await symlink(process.execPath, join(bundled, 'bin/node'));

  const launched = launch(['wait'], { old: true });
  const said = await launched.said;
  expect(said.args).toEqual(['wait']);
  expect(said.pid).not.toBe(launched.child.pid);
  launched.child.kill('SIGTERM');
  expect(await launched.exitCode).toBe(7);
});

function launch(args: string[], { old = false } = {}) {
  const preload = old ? ['--require', join(folder, 'old.cjs')] : [];
  const child = spawn(process.execPath, [...preload, join(folder, 'bin/sluice.cjs'), ...args]);
  const said = once(child.stdout, 'data').then(
    ([line]) => JSON.parse(String(line)) as { pid: number; args: string[] },
  );
  said.catch(() => {});
  return { child, said, exitCode: once(child, 'close').then(([code]) => Number(code)) };
}
