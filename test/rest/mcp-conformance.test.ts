import { execFile } from 'node:child_process';
import { createServer, request as ask, type Server } from 'node:http';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { publish, saying } from '../prompts/support.ts';
import { ADMIN_KEY, useGateway } from '../support/gateway.ts';

const gateway = useGateway();

/** The suite of the protocol itself: https://github.com/modelcontextprotocol/conformance */
const SUITE = join(import.meta.dirname, '../../node_modules/@modelcontextprotocol/conformance/dist/index.js');

let directory: string;
let front: Server;
let results: Record<string, string>;

beforeAll(async () => {
  const argument = (name: string) => ({ name, type: 'STRING', required: true });
  const long = Array.from({ length: 80 }, (_, index) => `word${index}`).join(' ');
  const prompts = {
    'test-simple-text': saying('This is a simple text response for testing.'),
    'test-error-handling': saying('Fail.', { model: 'demo/error' }),
    'test-tool-with-progress': saying(long),
    'test-simple-prompt': saying('This is a simple prompt for testing.'),
    'test-prompt-with-arguments': saying("Prompt with arguments: arg1='{{ arg1 }}', arg2='{{ arg2 }}'", {
      variables: [argument('arg1'), argument('arg2')],
    }),
  };
  for (const [slug, version] of Object.entries(prompts)) await publish(gateway(), slug, version);
  directory = await mkdtemp(join(tmpdir(), 'sluice-mcp-'));
  front = await withKey(new URL(gateway().url));
  const { port } = front.address() as AddressInfo;
  const args = [
    'server',
    '--suite',
    'all',
    '--url',
    `http://localhost:${port}/mcp`,
    '--output-dir',
    directory,
  ];
  await promisify(execFile)(process.execPath, [SUITE, ...args], { timeout: 55_000 }).catch(() => {});
  results = await readResults(directory);
});

afterAll(async () => {
  front.close();
  front.closeAllConnections();
  await rm(directory, { recursive: true, force: true });
});

/** The suite shows no credential; this shows one for it and changes nothing else. */
async function withKey(to: URL): Promise<Server> {
  const server = createServer((request, response) => {
    const headers = { ...request.headers, authorization: `Bearer ${ADMIN_KEY}` };
    const onward = ask(
      { host: to.hostname, port: to.port, path: request.url, method: request.method, headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    onward.on('error', () => response.destroy());
    response.on('close', () => onward.destroy());
    request.pipe(onward);
  });
  server.listen(0, 'localhost');
  await new Promise((resolve) => server.once('listening', resolve));
  return server;
}

/** By scenario: how it ended, and why where it failed. */
async function readResults(folder: string): Promise<Record<string, string>> {
  const found: [string, string][] = [];
  for (const name of await readdir(folder)) {
    const scenario = name.replace(/^server-/, '').replace(/-\d{4}-\d\d-\d\dT.*$/, '');
    const checks = JSON.parse(await readFile(join(folder, name, 'checks.json'), 'utf8')) as {
      status: string;
      errorMessage?: string;
    }[];
    const failed = checks.filter(({ status }) => status === 'FAILURE');
    found.push([
      scenario,
      failed.length === 0 ? 'passed' : failed.map(({ errorMessage }) => errorMessage).join('; '),
    ]);
  }
  return Object.fromEntries(found);
}

/** What such a server has not, and so what the suite finds missing. */
const HAS_NOT: Record<string, string[]> = {
  'tools that answer with pictures, sound or resources: a model writes text or an object': [
    'tools-call-audio',
    'tools-call-embedded-resource',
    'tools-call-image',
    'tools-call-mixed-content',
  ],
  'tools that ask their client for something while they run': [
    'elicitation-sep1034-defaults',
    'elicitation-sep1330-enums',
    'tools-call-elicitation',
    'tools-call-sampling',
  ],
  'logs, which the protocol itself gives up': ['logging-set-level', 'tools-call-with-logging'],
  'resources, neither by themselves nor in prompts': [
    'prompts-get-embedded-resource',
    'resources-list',
    'resources-read-binary',
    'resources-read-text',
    'resources-subscribe',
    'resources-templates-read',
    'resources-unsubscribe',
  ],
  'suggestions for arguments': ['completion-complete'],
  'prompts with a picture among those that are published here': ['prompts-get-with-image'],
  'a schema written by hand for a whole tool: definitions stand with the variable that needs them': [
    'json-schema-2020-12',
  ],
};

it('finds everything right that such a server has', () => {
  const wrong = Object.entries(results).filter(([, result]) => result !== 'passed');
  expect(wrong.map(([scenario]) => scenario).toSorted()).toEqual(Object.values(HAS_NOT).flat().toSorted());
});

it('was asked everything', () => {
  const passed = Object.keys(results).filter((scenario) => results[scenario] === 'passed');
  expect(passed.toSorted()).toEqual([
    'dns-rebinding-protection',
    'ping',
    'prompts-get-simple',
    'prompts-get-with-args',
    'prompts-list',
    'server-initialize',
    'server-sse-multiple-streams',
    'server-sse-polling',
    'tools-call-error',
    'tools-call-simple-text',
    'tools-call-with-progress',
    'tools-list',
  ]);
});
