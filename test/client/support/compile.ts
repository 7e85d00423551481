import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const top = join(import.meta.dirname, '../../..');

/** Runs the compiler in a process of its own; `output` holds what it complains about. */
export function compile(...args: string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    execFile(join(top, 'node_modules/.bin/tsc'), args, { cwd: top }, (error, stdout) =>
      resolve({ code: error ? Number(error.code) : 0, output: stdout }),
    );
  });
}

/** Checks one file as a frontend would: for browsers, without the types of Node. */
export async function checkSample(file: string): Promise<{ code: number; output: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-sample-'));
  try {
    const project = join(folder, 'tsconfig.json');
    const settings = {
      extends: join(top, 'tsconfig.json'),
      compilerOptions: { types: [] },
      include: [join(top, 'test/client/samples', file)],
      exclude: [],
    };
    await writeFile(project, JSON.stringify(settings));
    return await compile('-p', project);
  } finally {
    await rm(folder, { recursive: true });
  }
}
