import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { makeFolder } from './support/sluice.ts';

const MAIN = join(import.meta.dirname, '../../src/main.ts');

it('under node --watch starts as quietly as without', async () => {
  const child = spawn(process.execPath, ['--watch', MAIN], {
    cwd: await makeFolder(),
    env: { PORT: '0', SLUICE_DETECT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let stdout = '';
  const welcomed = Promise.withResolvers<void>();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    if (stdout.includes('\nSluice\n')) welcomed.resolve();
  });
  // It passes the signal on to the process that it watches over.
  onTestFinished(async () => {
    child.kill('SIGTERM');
    await once(child, 'close');
  });
  await welcomed.promise;
  expect(stdout).toMatch(/^\s*\nSluice\n/);
});
