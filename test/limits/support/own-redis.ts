import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { Redis } from 'ioredis';
import { findFreePort } from '../../support/free-port.ts';

/** Why there is no Redis to ill-treat; undefined where there is one. */
export const NO_REDIS = spawnSync('redis-server', ['--version']).error
  ? 'redis-server is not installed'
  : undefined;

/** A Redis that belongs to the test alone, which may ill-treat it. It keeps nothing on the disk. */
export interface OwnRedis extends AsyncDisposable {
  url: string;
  /** As after a crash: connections are cut, everything in it is lost. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** It takes connections and says nothing. */
  freeze(): void;
  thaw(): void;
}

export async function startOwnRedis(): Promise<OwnRedis> {
  const port = await findFreePort();
  const url = `redis://127.0.0.1:${port}`;
  let server: ChildProcess | undefined;

  async function kill(): Promise<void> {
    if (!server) return;
    const exit = once(server, 'exit');
    server.kill('SIGKILL');
    await exit;
    server = undefined;
  }

  async function start(): Promise<void> {
    const settings = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', tmpdir()];
    server = spawn('redis-server', settings, { stdio: 'ignore' });
    const client = new Redis(url, { maxRetriesPerRequest: null, retryStrategy: () => 20 });
    client.on('error', () => {});
    await client.ping();
    client.disconnect();
  }

  await start();
  return {
    url,
    kill,
    start,
    freeze: () => void server?.kill('SIGSTOP'),
    thaw: () => void server?.kill('SIGCONT'),
    [Symbol.asyncDispose]: kill,
  };
}
