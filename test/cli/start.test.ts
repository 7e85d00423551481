import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { startUpstream } from '../providers/support/upstream.ts';
import { ask, lineOf, makeFolder, runSluice, urlOf } from './support/sluice.ts';

const run = promisify(execFile);
const WHO = '{ viewer { scopes } }';
const PRESET = 'Pz5xWn8qTc2rVk6mJh9bLd4sGy7fXu3e';

describe('the first start', () => {
  it('says all that is needed, and the next one does not say the key again', async () => {
    const folder = await makeFolder();
    const first = runSluice(folder);
    const welcome = await first.welcome;
    expect(lineOf(welcome, 'Graph')).toMatch(
      /^http:\/\/127\.0\.0\.1:\d+\/graphql {2}\(GraphiQL in a browser\)$/,
    );
    expect(lineOf(welcome, 'Data')).toContain(join(folder, 'data'));
    expect(lineOf(welcome, 'Provider')).toMatch(/^demo +\d+ models/);
    expect(welcome).toContain('set OPENAI_API_KEY');
    const [key = ''] =
      /^sk-sluice-[0-9A-Za-z]{43}(?=  \(admin; shown only this once\)$)/.exec(lineOf(welcome, 'Key')) ?? [];
    expect(key).not.toBe('');
    expect(await ask(urlOf(welcome), key, WHO)).toEqual({ data: { viewer: { scopes: ['ADMIN'] } } });
    const end = await first.stop();
    expect(end.code).toBe(0);
    // Nowhere but in the welcome: not in what it logs.
    expect((end.stdout + end.stderr).replace(welcome, '')).not.toContain(key);

    const second = runSluice(folder);
    const again = await second.welcome;
    expect(lineOf(again, 'Key')).toBe('as shown at the first start');
    expect(again).not.toContain('sk-sluice-');
    expect(await ask(urlOf(again), key, WHO)).toEqual({ data: { viewer: { scopes: ['ADMIN'] } } });
  });

  it('prints a command that, pasted into a shell, returns a completion', async () => {
    const command = lineOf(await runSluice(await makeFolder()).welcome, 'Try');
    const { stdout } = await run('bash', ['-c', command]);
    expect(JSON.parse(stdout)).toEqual({
      data: {
        completionCreate: {
          completion: {
            text: expect.stringMatching(/\w/),
            model: { name: 'demo/assistant' },
            usage: { input: expect.any(Number), output: expect.any(Number) },
            cost: { amount: '0', currency: 'USD' },
          },
          errors: [],
        },
      },
    });
  });
});

describe('a preset admin key', () => {
  it('works and is printed nowhere', async () => {
    const sluice = runSluice(await makeFolder(), { SLUICE_ADMIN_KEY: PRESET, LOG_LEVEL: 'trace' });
    const welcome = await sluice.welcome;
    expect(lineOf(welcome, 'Key')).toBe('the one in SLUICE_ADMIN_KEY');
    expect(await ask(urlOf(welcome), PRESET, WHO)).toEqual({ data: { viewer: { scopes: ['ADMIN'] } } });
    const { code, stdout, stderr } = await sluice.stop();
    expect(code).toBe(0);
    expect(stdout + stderr).not.toContain(PRESET);
  });
});

describe('GraphiQL', () => {
  it.each([
    ['development', true],
    ['production', false],
  ])('in %s is served: %s', async (SLUICE_ENV, isServed) => {
    const welcome = await runSluice(await makeFolder(), { SLUICE_ENV }).welcome;
    expect(welcome.includes('GraphiQL')).toBe(isServed);
    const response = await fetch(urlOf(welcome), { headers: { accept: 'text/html' } });
    expect(response.ok).toBe(isServed);
    expect((await response.text()).includes('GraphiQL')).toBe(isServed);
  });
});

describe('providers', () => {
  it('come from the config file and from keys in the environment', async () => {
    const asked: string[] = [];
    const upstream = await startUpstream((request, response) => {
      asked.push(`${request.method} ${request.url} ${request.headers.authorization}`);
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const chunk = (part: object) => `data: ${JSON.stringify({ id: 'c', model: 'tiny', ...part })}\n\n`;
      response.write(chunk({ choices: [{ index: 0, delta: { content: 'from the house' } }] }));
      response.write(chunk({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }));
      response.write(
        chunk({ choices: [], usage: { prompt_tokens: 11, completion_tokens: 4, total_tokens: 15 } }),
      );
      response.end('data: [DONE]\n\n');
    });
    const folder = await makeFolder();
    await writeFile(
      join(folder, 'sluice.config.yaml'),
      `providers:
  house:
    type: openai-compatible
    baseURL: ${upstream.url}/v1
    apiKey: \${HOUSE_KEY}
    models:
      - id: tiny
        price: { input: '2', output: '10' }
`,
    );
    const secrets = { HOUSE_KEY: 'house-secret-1234567890', OPENAI_API_KEY: 'sk-openai-secret-1234567890' };
    const env = { ...secrets, SLUICE_DETECT: '1', SLUICE_ADMIN_KEY: PRESET };
    const sluice = runSluice(folder, env);
    const welcome = await sluice.welcome;
    expect(welcome).toMatch(/^ {2}Provider +house {2}1 model$/m);
    expect(welcome).toMatch(/^ {2}Provider +openai {2}\d+ models$/m);
    expect(welcome).not.toContain('no provider key');

    const { data } = await ask(
      urlOf(welcome),
      PRESET,
      `mutation { completionCreate(input: { model: "house/tiny", source: { text: "hi" } }) {
        completion { text model { name } usage { input output source } cost { amount } } errors { message }
      } }`,
    );
    expect(data.completionCreate).toEqual({
      completion: {
        text: 'from the house',
        model: { name: 'house/tiny' },
        usage: { input: 11, output: 4, source: 'REPORTED' },
        cost: { amount: '0.000062' },
      },
      errors: [],
    });
    expect(asked).toEqual([`POST /v1/chat/completions Bearer ${secrets.HOUSE_KEY}`]);
    const listed = await ask(
      urlOf(welcome),
      PRESET,
      '{ models(filter: { provider: { eq: "openai" } }) { nodes { name } } providers { name configured } }',
    );
    expect(listed.data.models.nodes).toContainEqual({ name: 'openai/gpt-5' });
    expect(listed.data.providers).toContainEqual({ name: 'openai', configured: true });
    const { stdout, stderr } = await sluice.stop();
    for (const secret of Object.values(secrets)) expect(stdout + stderr).not.toContain(secret);
    await upstream.close();
  });
});
