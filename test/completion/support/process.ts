import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ADMIN_KEY, bootGateway, type TestGateway } from '../../support/gateway.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { Config } from '../../../src/config/config.ts';

/** A data directory, or a database on a server, that outlives the processes which use it. */
export interface Place extends AsyncDisposable {
  /** Undefined: the embedded database. */
  databaseUrl: string | undefined;
  /** Starts the gateway as its users do, with more of a config file; resolves once it has said where it listens. */
  spawn(
    timeouts: Partial<Config['timeouts']>,
    more?: object,
    variables?: Record<string, string>,
  ): Promise<GatewayProcess>;
  /** Starts it in this process. */
  boot(config?: Partial<Config>): Promise<TestGateway>;
}

export interface GatewayProcess {
  url: string;
  kill(signal: NodeJS.Signals): void;
  /** Exit code, or the signal that ended it. */
  ended: Promise<number | string>;
  output(): string;
}

const MAIN = join(import.meta.dirname, '../../../src/main.ts');

export async function createPlace(): Promise<Place> {
  const { databaseUrl, drop } = await createTestDatabase();
  const directory = await mkdtemp(join(tmpdir(), 'sluice-process-'));
  const children = new Set<ChildProcess>();
  return {
    databaseUrl,
    boot: (config = {}) => bootGateway({ databaseUrl, dataDir: join(directory, 'data'), config }),
    async spawn(timeouts, more = {}, variables = {}) {
      const config = join(directory, 'sluice.config.yaml');
      await writeFile(config, JSON.stringify({ timeouts, ...more }));
      const child = spawn(process.execPath, [MAIN], {
        cwd: directory,
        env: {
          PORT: '0',
          SLUICE_ADMIN_KEY: ADMIN_KEY,
          SLUICE_DETECT: '0',
          SLUICE_CONFIG: config,
          ...(databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl }),
          ...variables,
        },
      });
      children.add(child);
      return watch(child);
    },
    async [Symbol.asyncDispose]() {
      for (const child of children) child.kill('SIGKILL');
      await drop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function watch(child: ChildProcess): Promise<GatewayProcess> {
  let output = '';
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string);
  const listening = Promise.withResolvers<string>();
  const read = (bytes: Buffer) => {
    output += String(bytes);
    const [url] = /http:\S+\/graphql/.exec(output) ?? [];
    if (url) listening.resolve(url);
  };
  child.stdout?.on('data', read);
  child.stderr?.on('data', read);
  void ended.then(() => listening.reject(new Error(`it ended at its start: ${output}`)));
  return {
    url: await listening.promise,
    kill: (signal) => void child.kill(signal),
    ended,
    output: () => output,
  };
}
