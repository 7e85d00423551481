import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { generate } from '@graphql-codegen/cli';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compile } from '../../client/support/compile.ts';
import { ADMIN_KEY, useGateway } from '../../support/gateway.ts';
import { publish } from '../support.ts';
import { summarising } from './support.ts';

const top = join(import.meta.dirname, '../../..');
const gateway = useGateway();
let app: string;

const OPERATIONS = `
query Summarize($ticket: SummarizeTicketTicketInput!) {
  ai { summarizeTicket(ticket: $ticket) {
    result { title urgency steps { text minutes } } completion { id } errors { code message }
  } }
}
subscription Summarizing($ticket: SummarizeTicketTicketInput!) {
  ai { summarizeTicket(ticket: $ticket, run: { coalesceMs: 0 }) {
    event { __typename } partial { title urgency steps { text } } result { title urgency }
  } }
}
`;

/** What a frontend writes: it names nothing but its own documents. */
const PROGRAM = `
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { print } from 'graphql';
import { createClient } from 'graphql-ws';
import { SummarizeDocument, SummarizingDocument, type SummarizeQuery } from './generated/graphql.js';

declare const process: { argv: string[] };
const [, , url = '', key = ''] = process.argv;
const headers = { authorization: 'Bearer ' + key, 'content-type': 'application/json' };

async function ask<Data, Variables>(document: TypedDocumentNode<Data, Variables>, variables: Variables): Promise<Data> {
  const body = JSON.stringify({ query: print(document), variables });
  const { data, errors } = (await (await fetch(url, { method: 'POST', headers, body })).json()) as { data?: Data; errors?: object };
  if (!data) throw new Error(JSON.stringify(errors));
  return data;
}

const ticket = { title: 'No hot water', body: 'The boiler is cold.' };
const { ai } = await ask(SummarizeDocument, { ticket });
const summary: NonNullable<SummarizeQuery['ai']['summarizeTicket']['result']> = ai.summarizeTicket.result!;
const title: string = summary.title;
const minutes: (number | null)[] = summary.steps.map((step) => step.minutes ?? null);
const urgency: 'HIGH' | 'LOW' = summary.urgency;

const socket = createClient({ url: url.replace('http', 'ws'), connectionParams: headers });
let partials = 0;
let last = '';
const stream = socket.iterate<import('./generated/graphql.js').SummarizingSubscription>({
  query: print(SummarizingDocument), variables: { ticket },
});
for await (const { data } of stream) {
  const got = data!.ai.summarizeTicket;
  const begun: string | null | undefined = got.partial?.title;
  if (begun != null) partials += 1;
  if (got.result) last = got.result.title;
}
await socket.dispose();
console.log(JSON.stringify({ title, minutes, urgency, partials, last }));
`;

beforeAll(async () => {
  await publish(gateway(), 'summarize-ticket', summarising());
  app = await mkdtemp(join(tmpdir(), 'sluice-prompts-'));
  await mkdir(join(app, 'src'));
  await symlink(join(top, 'node_modules'), join(app, 'node_modules'));
  await writeFile(join(app, 'package.json'), '{ "type": "module" }');
  const options = { module: 'nodenext', target: 'es2022', strict: true, types: [], skipLibCheck: true };
  const compilerOptions = {
    ...options,
    lib: ['es2023', 'dom', 'dom.asynciterable'],
    rootDir: 'src',
    outDir: 'dist',
  };
  await writeFile(join(app, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['src'] }));
  await writeFile(join(app, 'src/operations.graphql'), OPERATIONS);
  await generate(
    {
      cwd: app,
      silent: true,
      errorsOnly: true,
      schema: { [gateway().url]: { headers: { authorization: `Bearer ${ADMIN_KEY}` } } },
      documents: join(app, 'src/operations.graphql'),
      emitLegacyCommonJSImports: false,
      generates: {
        [join(app, 'src/generated/')]: {
          preset: 'client',
          presetConfig: { fragmentMasking: false },
          config: { useTypeImports: true, enumsAsTypes: true, scalars: { SafeInt: 'number' } },
        },
      },
    },
    true,
  );
});

afterAll(() => rm(app, { recursive: true }));

describe('a client that an ordinary code generator made from the endpoint', () => {
  it('compiles, and gets what its types say', async () => {
    await writeFile(join(app, 'src/program.ts'), PROGRAM);
    expect(await compile('-p', app)).toEqual({ code: 0, output: '' });
    const args = [join(app, 'dist/program.js'), gateway().url, ADMIN_KEY];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    const got = JSON.parse(stdout) as { title: string; partials: number; last: string };
    expect(got).toMatchObject({ urgency: 'LOW', minutes: [expect.any(Number)], last: got.title });
    expect(got.partials).toBeGreaterThan(1);
  });

  it('does not compile where it names what the prompt does not have', async () => {
    const wrong = PROGRAM.replace('summary.title;', 'summary.titel;').replace(
      "{ title: 'No hot water', body:",
      '{ title: 7, body:',
    );
    await writeFile(join(app, 'src/program.ts'), wrong);
    const { code, output } = await compile('-p', app, '--noEmit');
    expect(code).not.toBe(0);
    expect(output).toContain("'titel'");
    expect(output).toContain("Type 'number' is not assignable to type 'string'");
  });
});
