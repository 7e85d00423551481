import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { findFreePort } from '../../support/free-port.ts';

const run = promisify(execFile);
const VERSIONS = '/usr/lib/postgresql';

/** A PostgreSQL server that belongs to the test alone, which may ill-treat it. */
export interface OwnCluster extends AsyncDisposable {
  url: string;
  /** As after a crash of the server: connections are cut, nothing is finished. */
  restartAtOnce(): Promise<void>;
}

/** Where the programs of a server are; undefined when there are none. */
export function findServerPrograms(): string | undefined {
  if (!existsSync(VERSIONS)) return undefined;
  const newest = readdirSync(VERSIONS).toSorted((a, b) => Number(b) - Number(a));
  return newest
    .map((version) => join(VERSIONS, version, 'bin'))
    .find((bin) => existsSync(join(bin, 'initdb')));
}

/** A server refuses to run as root: there the user `postgres`, who came with it, runs it. */
export async function startOwnCluster(programs: string): Promise<OwnCluster> {
  const isRoot = process.getuid?.() === 0;
  const call = (program: string, ...args: string[]) => {
    const command = [join(programs, program), ...args];
    const [file, ...rest] = isRoot ? ['runuser', '-u', 'postgres', '--', ...command] : command;
    return run(file!, rest, { cwd: tmpdir(), timeout: 30_000 });
  };
  const directory = await mkdtemp(join(tmpdir(), 'sluice-cluster-'));
  if (isRoot) await chmod(directory, 0o777);
  const data = join(directory, 'data');
  const port = await findFreePort();
  const settings = `-c port=${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories=${directory}`;
  const control = (...args: string[]) =>
    call('pg_ctl', '-D', data, '-w', '-l', join(directory, 'log'), '-o', settings, ...args);
  await call('initdb', '-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-sync');
  await control('start');
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    restartAtOnce: async () => void (await control('-m', 'immediate', 'restart')),
    async [Symbol.asyncDispose]() {
      await control('-m', 'immediate', 'stop');
      await rm(directory, { recursive: true, force: true });
    },
  };
}
