import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readTextFiles, toTree } from './support/source-files.ts';
import { RULES } from './support/tidy-rules.ts';

const top = join(import.meta.dirname, '..');
const rules = Object.entries(RULES);

const manifest = JSON.stringify({
  scripts: { start: 'node src/main.ts' },
  exports: { './client': './src/client/index.ts' },
  dependencies: { '@scope/known': '1.0.0', zod: '4.0.0' },
});

/** Put together here, so that this file passes too. */
const home = ['', 'home', 'anna'].join('/');
const mirror = ['registry', 'example.com'].join('.');

/** A tiny repository in which everything is as it should be. */
const tidy: Record<string, string> = {
  'package.json': manifest,
  'README.md': 'Data lives in ./data; see https://example.com/home/start and /usr/bin/env.',
  'src/main.ts': `import { start } from './server/start.ts';\nvoid start();`,
  'src/server/start.ts': `import { parse } from 'zod';\nimport { run } from '../gateway.ts';\nexport const start = () => run(parse);`,
  'src/gateway.ts': `import { ask } from './providers/ask.ts';\nexport const run = (parse: unknown) => [parse, ask];`,
  'src/providers/ask.ts': `import type { Row } from './row.ts';\nexport const ask = (row: Row) => [row, import('./lazy.ts'), new Worker(new URL('./worker.ts', import.meta.url))];`,
  'src/providers/row.ts': `export interface Row { id: RowId }\nexport type RowId = string;`,
  'src/providers/lazy.ts': `import 'node:fs';\nimport '@scope/known/inner.js';\nexport const lazy = 1;`,
  'src/providers/worker.ts': `// never reads process.env\npostMessage('ready');`,
  'src/config/env.ts': `export const env = process.env;`,
  'src/client/index.ts': `import type { Row } from './generated/graphql.ts';\nexport const client = (row: Row) => row;`,
  'src/client/generated/graphql.ts': `import type { Node } from 'anything';\nexport type Row = Node;\nexport type Unused = 1;`,
  'codegen.ts': `import { env } from './src/config/env.ts';\nconsole.log(env);`,
};

/** By rule: a change to the tidy repository that breaks it, and the complaint. */
const faults: Record<keyof typeof RULES, [files: Record<string, string>, complaint: string][]> = {
  'a file imports only from a lower rank or from its own room': [
    [{ 'src/lib/a.ts': `import '../gateway.ts';` }, 'src/lib/a.ts imports src/gateway.ts'],
    [
      { 'src/ledger/a.ts': `import type { Row } from '../providers/row.ts';` },
      'src/ledger/a.ts imports src/providers/row.ts',
    ],
    [{ 'src/domain/a.ts': `export * from '../config/env.ts';` }, 'src/domain/a.ts imports src/config/env.ts'],
    [
      { 'src/db/a.ts': `let x: import('../server/start.ts').Start;` },
      'src/db/a.ts imports src/server/start.ts',
    ],
    [{ 'src/server/a.ts': `import '../client/index.ts';` }, 'src/server/a.ts imports src/client/index.ts'],
    [{ 'src/client/a.ts': `import '../lib/ids.ts';` }, 'src/client/a.ts imports src/lib/ids.ts'],
    [{ 'src/cli/a.ts': `import '../../test/support/b.ts';` }, 'src/cli/a.ts imports test/support/b.ts'],
    [{ 'src/things/a.ts': '' }, 'src/things/a.ts stands in no rank'],
    [{ 'src/a.ts': '' }, 'src/a.ts stands in no rank'],
  ],
  'a fenced package stays in its rooms': [
    [{ 'src/ledger/a.ts': `import { parse } from 'graphql';` }, 'src/ledger/a.ts imports graphql'],
    [{ 'src/graph/a.ts': `import { eq } from 'drizzle-orm';` }, 'src/graph/a.ts imports drizzle-orm'],
    [{ 'src/gateway.ts': `import 'drizzle-orm/pg-core';` }, 'src/gateway.ts imports drizzle-orm/pg-core'],
    [
      { 'src/completion/a.ts': `await import('@ai-sdk/openai');` },
      'src/completion/a.ts imports @ai-sdk/openai',
    ],
  ],
  'only src/config/env.ts reads the environment': [
    [{ 'src/lib/a.ts': `const port = process.env.PORT;` }, 'src/lib/a.ts reads the environment'],
    [{ 'src/main.ts': `const { env } = process;` }, 'src/main.ts reads the environment'],
    [{ 'src/cli/a.ts': `import { env } from 'node:process';` }, 'src/cli/a.ts reads the environment'],
  ],
  'the product imports only its declared dependencies': [
    [{ 'src/lib/a.ts': `import left from 'left-pad';` }, 'src/lib/a.ts imports left-pad'],
    [{ 'src/lib/a.ts': `import '@scope/unknown/known';` }, 'src/lib/a.ts imports @scope/unknown/known'],
    [{ 'src/lib/a.ts': `import 'toString';` }, 'src/lib/a.ts imports toString'],
  ],
  'an index is no barrel': [
    [
      { 'src/providers/index.ts': `export { ask } from './ask.ts';` },
      'src/providers/index.ts exports what stands in other files',
    ],
    [
      { 'src/providers/index.ts': `export * from './ask.ts';` },
      'src/providers/index.ts exports what stands in other files',
    ],
  ],
  'a name says what is inside': [
    [{ 'src/lib/utils.ts': '' }, 'src/lib/utils.ts could hold anything'],
    [{ 'src/common/ids.ts': '' }, 'src/common/ids.ts could hold anything'],
    [{ 'src/ledger/hold-manager.ts': '' }, 'src/ledger/hold-manager.ts could hold anything'],
    [{ 'test/support/helpers.ts': '' }, 'test/support/helpers.ts could hold anything'],
  ],
  'every file of the product is reached from an entry point': [
    [{ 'src/routing/cheapest.ts': '' }, 'src/routing/cheapest.ts is not reached'],
    [
      { 'src/lib/a.ts': `import './b.ts';`, 'src/lib/b.ts': `import './a.ts';` },
      'src/lib/b.ts is not reached',
    ],
    [{ 'src/lib/a.ts': '', 'test/a.test.ts': `import '../src/lib/a.ts';` }, 'src/lib/a.ts is not reached'],
  ],
  'every export of the product is imported somewhere': [
    [
      { 'src/providers/row.ts': 'export interface Row {}\nexport interface Column {}' },
      'src/providers/row.ts exports Column',
    ],
    [{ 'src/gateway.ts': `export const run = 1;\nexport default run;` }, 'src/gateway.ts exports default'],
    [
      { 'src/main.ts': `import * as config from './config/env.ts';`, 'codegen.ts': '' },
      'src/server/start.ts exports start',
    ],
  ],
  'no file names a folder or a package registry of one machine': [
    [{ 'README.md': `Run it in ${home}/sluice.` }, `README.md names ${home}`],
    [
      { 'package-lock.json': `"resolved": "https://${mirror}/zod.tgz"` },
      `package-lock.json names https://${mirror}/zod.tgz`,
    ],
  ],
};

describe('the repository', () => {
  const tree = toTree(readTextFiles(top));

  test.each(rules)('%s', (_, rule) => {
    expect(rule(tree)).toEqual([]);
  });
});

describe('the rules', () => {
  test.each(rules)('%s: passes a tidy repository', (_, rule) => {
    expect(rule(treeOf(tidy))).toEqual([]);
  });

  const cases = rules.flatMap(([name, rule]) =>
    (faults[name] ?? []).map(([files, complaint]) => ({ name, rule, files, complaint })),
  );
  test.each(cases)('$name: $complaint', ({ rule, files, complaint }) => {
    expect(rule(treeOf({ ...tidy, ...files }))).toContain(complaint);
  });

  test('each is shown to find a fault', () => {
    expect(Object.keys(faults)).toEqual(Object.keys(RULES));
  });
});

describe('the linter', () => {
  const many = (line: string, count: number) => Array.from({ length: count }, () => line).join('\n');
  const samples: Record<string, string> = {
    'max-lines': many('export {};', 301),
    'max-lines-per-function': `export function long(x: number[]) {\n${many('x.push(1);', 70)}\n}`,
    'no-console': `console.log('hello');`,
    'no-warning-comments': `// todo: finish this`,
    'no-explicit-any': `export const x: any = 1;`,
    'no-floating-promises': `Promise.resolve(1);`,
    'no-misused-promises': `[1].forEach(async (x) => { await Promise.resolve(x); });`,
    'no-cycle': `import { b } from './cycle.ts';\nexport const a = () => b;`,
    'no-default-export': `export default 1;`,
    'no-focused-tests': `import { test } from 'vitest';\ntest.only('x', () => {});`,
  };

  test('finds each fault that it is relied on to find', async () => {
    const found = await lint({
      ...Object.fromEntries(Object.entries(samples).map(([rule, text]) => [`${rule}.ts`, text])),
      'cycle.ts': `import { a } from './no-cycle.ts';\nexport const b = () => a;`,
      'camelCase.ts': 'export {};',
    });
    for (const rule of Object.keys(samples)) expect(found).toContainEqual([`${rule}.ts`, rule]);
    expect(found).toContainEqual(['camelCase.ts', 'filename-case']);
  });
});

function treeOf(files: Record<string, string>) {
  return toTree(Object.entries(files).map(([path, text]) => ({ path, text })));
}

/** The faults of these files as pairs of file and rule. */
async function lint(files: Record<string, string>): Promise<[string, string][]> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-lint-'));
  try {
    await writeFile(
      join(folder, 'tsconfig.json'),
      '{ "compilerOptions": { "strict": true, "noEmit": true } }',
    );
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    const output = await new Promise<string>((resolve) => {
      const oxlint = join(top, 'node_modules/.bin/oxlint');
      const args = ['--type-aware', '--format', 'json', '--config', join(top, '.oxlintrc.json'), '.'];
      execFile(oxlint, args, { cwd: folder }, (_, stdout) => resolve(stdout));
    });
    const { diagnostics } = JSON.parse(output) as { diagnostics: { filename: string; code: string }[] };
    return diagnostics.map(({ filename, code }) => [filename, code.replace(/^.*\((.*)\)$/, '$1')]);
  } finally {
    await rm(folder, { recursive: true });
  }
}
