import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const STOP_WITHIN_MS = 10_000;
const START_WITHIN_MS = 60_000;
const CPU_METER = new URL('cpu-meter.ts', import.meta.url).href;

/** A process of its own, so that what it does is measured apart from everything else. */
export interface Program {
  /** Sends a message and resolves with the answer. One at a time. */
  ask<Answer>(message: object): Promise<Answer>;
  stop(): Promise<void>;
}

/** A program that serves HTTP. */
export interface ServerProgram extends Program {
  url: string;
  /** CPU time in µs that it has used since its start, all threads together. */
  cpuMicros(): Promise<number>;
}

/** @param file below this folder. */
export function startProgram(file: string): Program {
  return toProgram(fork(new URL(file, import.meta.url), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }));
}

/**
 * Resolves as soon as the program has printed a URL.
 * @param file below this folder.
 * @param options.env all that it gets of the environment, beside the path.
 */
export async function startServer(
  file: string,
  options: { args?: string[]; env?: Record<string, string> },
): Promise<ServerProgram> {
  const child = fork(new URL(file, import.meta.url), options.args ?? [], {
    execArgv: ['--import', CPU_METER],
    env: { PATH: process.env['PATH'], ...options.env },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const program = toProgram(child);
  try {
    const url = await findPrintedUrl(child);
    return { ...program, url, cpuMicros: () => program.ask<number>({}) };
  } catch (error) {
    await program.stop();
    throw new Error(`${file} did not start`, { cause: error });
  }
}

function toProgram(child: ChildProcess): Program {
  const gone = new AbortController();
  child.once('exit', (code) => gone.abort(new Error(`it ended with code ${code}`)));
  return {
    async ask<Answer>(message: object) {
      const answer = once(child, 'message', { signal: gone.signal });
      child.send(message);
      return (await answer)[0] as Answer;
    },
    async stop() {
      if (gone.signal.aborted) return;
      const exit = once(child, 'exit');
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
      await exit;
      clearTimeout(late);
    },
  };
}

async function findPrintedUrl(child: ChildProcess): Promise<string> {
  const late = setTimeout(() => child.kill('SIGKILL'), START_WITHIN_MS);
  try {
    if (!child.stdout) throw new Error('it has no output');
    for await (const line of createInterface(child.stdout)) {
      const [url] = /http:\/\/\S+/.exec(line) ?? [];
      if (url !== undefined) return url;
    }
    throw new Error('it ended without printing a URL');
  } finally {
    clearTimeout(late);
    child.stdout?.resume();
  }
}
