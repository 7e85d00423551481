import { execFile } from 'node:child_process';
import { appendFile, cp, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';

const top = join(import.meta.dirname, '../..');
const GENERATED = [
  'schema/schema.graphql',
  'schema/subgraph.graphql',
  'schema/trusted-documents.json',
  'src/client/generated/graphql.ts',
];

describe('the generated files', () => {
  it('are what the graph says', async () => {
    expect(await check(top)).toEqual({ passed: true, stale: [] });
  });
});

describe('the check', () => {
  it('names each file that is stale or missing, and changes none', async () => {
    const copy = await copyRepository();
    for (const path of GENERATED.slice(1)) await appendFile(join(copy, path), '# changed\n');
    await rm(join(copy, 'schema/schema.graphql'));
    const changed = await readFile(join(copy, 'schema/subgraph.graphql'), 'utf8');
    expect(await check(copy)).toEqual({ passed: false, stale: GENERATED });
    expect(await readFile(join(copy, 'schema/subgraph.graphql'), 'utf8')).toBe(changed);
  });

  it('sees that an operation was changed', async () => {
    const copy = await copyRepository();
    const providers = join(copy, 'schema/operations/providers.graphql');
    await appendFile(providers, '\nquery Names { providers { name } }\n');
    expect(await check(copy)).toEqual({
      passed: false,
      stale: ['schema/trusted-documents.json', 'src/client/generated/graphql.ts'],
    });
  });
});

async function copyRepository(): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), 'sluice-codegen-'));
  onTestFinished(() => rm(copy, { recursive: true }));
  for (const path of ['package.json', 'codegen.ts', 'schema', 'src/client/generated'])
    await cp(join(top, path), join(copy, path), { recursive: true });
  // Not copied, so that it is found compiled.
  for (const path of ['node_modules', 'src/graph']) await symlink(join(top, path), join(copy, path));
  return copy;
}

function check(folder: string): Promise<{ passed: boolean; stale: string[] }> {
  return new Promise((resolve) => {
    execFile(process.execPath, ['codegen.ts', '--check'], { cwd: folder }, (error, _, stderr) => {
      const stale = [...stderr.matchAll(/^(\S+) is stale/gm)].map(([, path = '']) => path);
      resolve({ passed: error === null, stale: stale.toSorted() });
    });
  });
}
