import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { startUpstream } from '../providers/support/upstream.ts';
import { ask, lineOf, makeFolder, runSluice, urlOf } from './support/sluice.ts';

const run = promisify(execFile);
const WHO = '{ viewer { scopes } }';
const OWNER = { data: { viewer: { scopes: ['OWNER'] } } };
const PRESET = 'Pz5xWn8qTc2rVk6mJh9bLd4sGy7fXu3e';

// Each test runs the whole program several times, on machines that have more to do.
const PATIENT = { timeout: 60_000 };

it('says at the first start all that is needed, and the key never again', PATIENT, async () => {
  const folder = await makeFolder();
  const first = runSluice(folder);
  const welcome = await first.welcome;
  const url = urlOf(welcome);
  expect(lineOf(welcome, 'Graph')).toMatch(
    /^http:\/\/127\.0\.0\.1:\d+\/graphql {2}\(GraphiQL in a browser\)$/,
  );
  expect(lineOf(welcome, 'Data')).toContain(join(folder, 'data'));
  expect(lineOf(welcome, 'Provider')).toMatch(/^demo +\d+ models/);
  expect(welcome).toContain('set OPENAI_API_KEY');
  expect(lineOf(welcome, 'Key')).toMatch(/^sk-sluice-[0-9A-Za-z]{43}  \(admin; shown only this once\)$/);
  const [key = ''] = lineOf(welcome, 'Key').split(' ');
  expect(await ask(url, key, WHO)).toEqual(OWNER);
  expect(await askAsBrowser(url)).toContain('GraphiQL');

  const { stdout: answer } = await run('bash', ['-c', lineOf(welcome, 'Try')]);
  expect(JSON.parse(answer)).toEqual({
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
  const { code, stdout, stderr } = await first.stop();
  expect(code).toBe(0);
  // Nowhere but in the welcome: not in what it logs.
  expect((stdout + stderr).replace(welcome, '')).not.toContain(key);

  const again = await runSluice(folder).welcome;
  expect(lineOf(again, 'Key')).toBe('as shown at the first start');
  expect(again).not.toContain('sk-sluice-');
  expect(await ask(urlOf(again), key, WHO)).toEqual(OWNER);
});

it('in production serves no GraphiQL, and prints no preset key', PATIENT, async () => {
  const env = { SLUICE_ENV: 'production', SLUICE_ADMIN_KEY: PRESET, LOG_LEVEL: 'trace' };
  const sluice = runSluice(await makeFolder(), env);
  const welcome = await sluice.welcome;
  expect(welcome).not.toContain('GraphiQL');
  expect(await askAsBrowser(urlOf(welcome))).not.toMatch(/GraphiQL|<html/i);
  expect(lineOf(welcome, 'Key')).toBe('the one in SLUICE_ADMIN_KEY');
  expect(await ask(urlOf(welcome), PRESET, WHO)).toEqual(OWNER);
  const { code, stdout, stderr } = await sluice.stop();
  expect(code).toBe(0);
  expect(stdout + stderr).not.toContain(PRESET);
});

it('takes providers from the config file and from keys in the environment', PATIENT, async () => {
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

async function askAsBrowser(url: string): Promise<string> {
  return (await fetch(url, { headers: { accept: 'text/html' } })).text();
}
