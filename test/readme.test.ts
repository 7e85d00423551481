import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { buildClientSchema, getIntrospectionQuery, parse, validate, type IntrospectionQuery } from 'graphql';
import { describe, expect, it, onTestFinished } from 'vitest';
import { toEnvironment } from '../src/config/env.ts';
import { loadConfig } from '../src/config/load.ts';
import { clientSchema } from '../src/graph/schema.ts';
import { PROVIDER_TABLE } from '../src/providers/table.ts';
import { ADMIN_KEY, useGateway } from './support/gateway.ts';

const run = promisify(execFile);
const readme = await readFile('README.md', 'utf8');
const snippets = (language: string) =>
  [...readme.matchAll(/```(\w+)\n([\s\S]*?)```/g)]
    .filter(([, name]) => name === language)
    .map(([, , text]) => text!);

describe('the README', () => {
  const gateway = useGateway();

  it('names npm scripts that exist', async () => {
    const { scripts } = JSON.parse(await readFile('package.json', 'utf8')) as {
      scripts: Record<string, string>;
    };
    const named = snippets('sh').flatMap((text) =>
      [...text.matchAll(/^npm (?:run )?(start|test|\w+(?::\w+)?)(?= |$)/gm)].map(([, name]) => name!),
    );
    expect(named.filter((name) => name !== 'install' && !(name in scripts))).toEqual([]);
    expect(named).toContain('start');
  });

  it('has a first command that answers', async () => {
    const command = snippets('sh').find((text) => text.startsWith('curl'))!;
    const { stdout } = await run(
      'bash',
      ['-c', command.replace('http://127.0.0.1:4000/graphql', gateway().url)],
      {
        env: { PATH: process.env['PATH'], SLUICE_KEY: ADMIN_KEY },
      },
    );
    expect(JSON.parse(stdout).data.completionCreate).toMatchObject({
      completion: {
        text: expect.stringContaining('demo'),
        model: { name: 'demo/assistant' },
        cost: { amount: '0' },
      },
      errors: [],
    });
  });

  it.each(snippets('graphql'))('has operations that fit the schema', (text) => {
    expect(validate(clientSchema, parse(text)).map(({ message }) => message)).toEqual([]);
  });

  it('publishes a prompt that the typed operations ask for', async () => {
    const { data } = await gateway().ask(snippets('graphql').find((text) => text.includes('promptCreate'))!);
    expect([data.promptCreate.errors, data.promptLabelSet.errors]).toEqual([[], []]);
    const { data: introspection } = await gateway().ask(getIntrospectionQuery());
    const schema = buildClientSchema(introspection as IntrospectionQuery);
    const typed = snippets('gql');
    expect(typed).toHaveLength(2);
    for (const text of typed) expect(validate(schema, parse(text)).map(({ message }) => message)).toEqual([]);
    const { data: answered } = await gateway().ask(typed[0]!);
    expect(answered.ai.summarizeTicket).toMatchObject({
      result: { title: expect.any(String), urgency: expect.stringMatching(/^(LOW|HIGH)$/) },
      errors: [],
    });
  });

  it('makes a dataset whose cases that prompt takes', async () => {
    const { data } = await gateway().ask(snippets('graphql').find((text) => text.includes('datasetSet'))!);
    expect(data.datasetSet).toMatchObject({ dataset: { caseCount: 1 }, errors: [] });
    const { data: started } = await gateway().ask(`mutation { evaluationStart(input: {
      prompt: "summarize-ticket", dataset: "support-tickets", graders: [{ exact: {} }]
    }) { evaluation { id } errors { message } } }`);
    expect(started.evaluationStart).toEqual({ evaluation: { id: expect.any(String) }, errors: [] });
  });

  it('has a config file that loads, with the defaults it claims', async () => {
    const folder = await mkdtemp('/tmp/sluice-readme-');
    onTestFinished(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, 'sluice.config.yaml'), snippets('yaml')[0]!);
    const OPS_WEBHOOK_SECRET = `whsec_${Buffer.alloc(24, 'x').toString('base64')}`;
    const environment = toEnvironment(
      { OPENAI_API_KEY: 'x', OPENAI_API_KEY_2: 'y', OPS_WEBHOOK_SECRET, FLAGS_TOKEN: 'z' },
      folder,
    );
    const { providers, corsOrigins, webhooks, flags, models, prices, ...rest } = loadConfig(environment);
    const {
      providers: _none,
      corsOrigins: _closed,
      webhooks: _nobody,
      flags: waits,
      models: { warnDays },
      prices: { refreshHours },
      ...defaults
    } = loadConfig(toEnvironment({}, '/nonexistent'));
    expect({ ...rest, dataDir: '' }).toEqual({ ...defaults, dataDir: '' });
    expect(models).toMatchObject({ warnDays, aliases: { 'openai/usual': 'openai/gpt-5.4' } });
    expect(flags).toMatchObject({ ...waits, ofrep: { headers: { authorization: 'Bearer z' } } });
    expect(providers.map(({ name, type }) => `${name} ${type}`)).toEqual([
      'openai openai',
      'my-vllm openai-compatible',
    ]);
    expect(prices).toEqual({ source: expect.stringMatching(/^https:/), refreshHours });
    expect(webhooks).toMatchObject([{ name: 'ops', secret: OPS_WEBHOOK_SECRET }]);
    expect(corsOrigins).toEqual(['https://app.example.com']);
  });

  it('lists every provider and every variable', async () => {
    for (const { type } of PROVIDER_TABLE)
      expect(readme).toContain(`\`${type}\``.replace('`openai-compatible`', 'openai-compatible'));
    const source = await readFile('src/config/environment-schema.ts', 'utf8');
    for (const [, name] of source.matchAll(/^ {2}([A-Z_]+):/gm)) expect(readme).toContain(`\`${name}\``);
  });

  it('has client code that compiles', async () => {
    const folder = await mkdtemp('test/client/readme-');
    onTestFinished(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, 'sample.ts'), snippets('ts')[0]!);
    await writeFile(
      join(folder, 'tsconfig.json'),
      JSON.stringify({
        extends: '../../../tsconfig.json',
        compilerOptions: { paths: { 'sluice/client': ['../../../src/client/client.ts'] } },
        include: ['sample.ts'],
        exclude: [],
      }),
    );
    await expect(run('npx', ['tsc', '-p', folder])).resolves.toMatchObject({ stdout: '' });
  });
});
