import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMIN_KEY, useGateway } from '../support/gateway.ts';
import { compile } from './support/compile.ts';

const top = join(import.meta.dirname, '../..');
const gateway = useGateway();
let app: string;

/** An application that has installed the package: what is published of it, and what the client imports. */
beforeAll(async () => {
  app = await mkdtemp(join(tmpdir(), 'sluice-app-'));
  const installed = join(app, 'node_modules/sluice');
  const built = await compile('-p', 'src/client', '--outDir', join(installed, 'dist'));
  if (built.code !== 0) throw new Error(built.output);
  const { name, type, exports } = JSON.parse(await readFile(join(top, 'package.json'), 'utf8')) as Record<
    string,
    unknown
  >;
  await writeFile(join(installed, 'package.json'), JSON.stringify({ name, type, exports }));
  for (const dependency of ['graphql', 'graphql-ws', '@graphql-typed-document-node/core']) {
    const link = join(app, 'node_modules', dependency);
    await mkdir(dirname(link), { recursive: true });
    await symlink(join(top, 'node_modules', dependency), link);
  }
  await writeFile(join(app, 'package.json'), '{ "type": "module" }');
});

afterAll(() => rm(app, { recursive: true }));

const PROGRAM = `
import { createSluiceClient, SluiceError } from 'sluice/client';

const [url = '', key = ''] = process.argv.slice(2);
const sluice = createSluiceClient({ url, key });
const input = { model: 'demo/echo', source: { text: 'From a package' } };
const { text } = await sluice.complete(input);
console.log(text);
for await (const event of sluice.stream(input)) console.log(event.__typename);
const failed = await createSluiceClient({ url, key: 'wrong' }).complete(input).catch((error) => error);
console.log(failed instanceof SluiceError && failed.code);
`;

describe('the published client', () => {
  it('runs from an installed package', async () => {
    await writeFile(join(app, 'program.js'), PROGRAM);
    const args = [join(app, 'program.js'), gateway().url, ADMIN_KEY];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    expect(stdout).toMatch(
      /^From a package\nCompletionStarted\n(CompletionTextDelta\n)+CompletionFinished\nUNAUTHENTICATED\n$/,
    );
  });

  it('brings its types', async () => {
    await writeFile(
      join(app, 'program.ts'),
      `declare const process: { argv: string[] };\n${PROGRAM}\ntext satisfies string;\n// @ts-expect-error: no such field\ntext.txet;\n`,
    );
    const options = { module: 'nodenext', target: 'es2022', strict: true, noEmit: true, types: [] };
    const compilerOptions = { ...options, lib: ['es2022', 'dom'] };
    await writeFile(join(app, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['program.ts'] }));
    expect(await compile('-p', app)).toEqual({ code: 0, output: '' });
  });
});
