import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Answer } from '../../support/gateway.ts';

const MAIN = join(import.meta.dirname, '../../../src/main.ts');

export interface Sluice {
  /** What it has written so far. */
  output(): { stdout: string; stderr: string };
  /** Resolves with the welcome once it is complete; rejects when the process ends before. */
  welcome: Promise<string>;
  ended: Promise<{ code: number | null; stdout: string; stderr: string }>;
  /** Asks it to end, as a supervisor would. */
  stop(): Promise<{ code: number | null; stdout: string; stderr: string }>;
}

/** An empty folder for the files of one test. */
export async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-cli-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/**
 * Runs the command line as a process of its own, in a folder, with nothing in its environment but this.
 * It takes any free port and looks for no provider unless told otherwise.
 */
export function runSluice(folder: string, env: Record<string, string> = {}, args: string[] = []): Sluice {
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: folder,
    env: { PORT: '0', SLUICE_DETECT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  const welcome = Promise.withResolvers<string>();
  welcome.promise.catch(() => {});
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    const [found] = /\nSluice\n[^]*?\n\n/.exec(stdout) ?? [];
    if (found) welcome.resolve(found);
  });
  const ended = once(child, 'close').then(([code]: (number | null)[]) => {
    welcome.reject(new Error(`it ended with ${code}: ${stdout}${stderr}`));
    return { code: code ?? null, stdout, stderr };
  });
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const stop = () => {
    child.kill('SIGTERM');
    return ended;
  };
  return { output: () => ({ stdout, stderr }), welcome: welcome.promise, ended, stop };
}

/** The value behind a label of the welcome, as `Graph`. */
export function lineOf(welcome: string, label: string): string {
  const [, text] = new RegExp(`^  ${label} +(.*)$`, 'm').exec(welcome) ?? [];
  if (text === undefined) throw new Error(`no ${label} in ${welcome}`);
  return text;
}

/** Where GraphQL is served, as the welcome tells it. */
export function urlOf(welcome: string): string {
  return /^http:\S+/.exec(lineOf(welcome, 'Graph'))?.[0] ?? '';
}

export async function ask(url: string, key: string, query: string): Promise<Answer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
    body: JSON.stringify({ query }),
  });
  return (await response.json()) as Answer;
}
