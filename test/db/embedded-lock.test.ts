import { mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { takeLock } from '../../src/db/embedded/lock.ts';
import { startWriter } from './programs/start-writer.ts';
import { openDatabase } from '../../src/db/database.ts';

let directory: string;
let file: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sluice-'));
  file = join(directory, 'postgres.lock');
});
afterEach(() => rm(directory, { recursive: true }));

describe('the lock of a data directory', () => {
  it('keeps a second process out while the first one lives', async () => {
    const writer = await startWriter(directory);
    await expect(openDatabase({ databaseUrl: undefined, dataDir: directory })).rejects.toThrow(
      `data directory ${directory} is in use by process ${writer.pid}`,
    );
    await writer.kill();
  });

  it('keeps out a second owner in the same process too, and is free again afterwards', () => {
    const release = takeLock(file, 'it');
    expect(() => takeLock(file, 'it')).toThrow(`it is in use by process ${process.pid}`);
    release();
    takeLock(file, 'it')();
  });

  it('passes from a process that was killed to the next one', async () => {
    const writer = await startWriter(directory);
    await writer.kill();
    expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ pid: writer.pid });
    takeLock(file, 'it')();
  });

  it('does not take a later process with the same id for the owner', async () => {
    const release = takeLock(file, 'it');
    const owner = JSON.parse(await readFile(file, 'utf8'));
    release();
    await writeFile(file, JSON.stringify({ ...owner, startedAt: '1' }));
    expect(() => takeLock(file, 'it')()).not.toThrow();
  });

  it('of another machine stands for as long as it is refreshed', async () => {
    const owner = JSON.stringify({ pid: 1, startedAt: '1', host: `not-${hostname()}` });
    await writeFile(file, owner);
    expect(() => takeLock(file, 'it')).toThrow(`it is in use by process 1 on not-${hostname()}`);
    const longAgo = new Date(Date.now() - 60_000);
    await utimes(file, longAgo, longAgo);
    takeLock(file, 'it')();
  });

  it('that holds nothing yet belongs to a process that is just starting', async () => {
    await writeFile(file, '');
    expect(() => takeLock(file, 'it')).toThrow('it is in use by a process that is just starting');
  });
});
