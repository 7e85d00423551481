import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A process that commits rows to the embedded database in a directory until it is killed. */
export interface Writer {
  pid: number;
  /** The numbers of the rows whose commit it was told. */
  committed: number[];
  /** Ends it without warning, as `kill -9` does. */
  kill(): Promise<void>;
}

/** Resolves when the first row is committed. */
export async function startWriter(dataDir: string): Promise<Writer> {
  const program = fileURLToPath(new URL('./writer.ts', import.meta.url));
  const child = spawn(process.execPath, [program, dataDir], { stdio: ['ignore', 'pipe', 'inherit'] });
  const committed: number[] = [];
  const lines = createInterface(child.stdout);
  lines.on('line', (line) => committed.push(Number(line)));
  await once(lines, 'line');
  return {
    pid: child.pid ?? Number.NaN,
    committed,
    async kill() {
      child.kill('SIGKILL');
      await Promise.all([once(child, 'exit'), once(lines, 'close')]);
    },
  };
}
