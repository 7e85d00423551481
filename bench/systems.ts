import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Job } from './job.ts';
import { startServer, type ServerProgram } from './program.ts';
import { modelName, type Scenario } from './scenario.ts';

/** A gateway under test, running. */
export interface System {
  name: string;
  program: ServerProgram;
  /** How it is asked; undefined for what it cannot do. */
  requestFor(scenario: Scenario): Pick<Job, 'url' | 'headers' | 'body'> | undefined;
}

const TEXT = 'Say something short.';
const KEY = 'sk-sluice-9fQ2mVx7LrT4wZbN8cHjK5pYdGs3uEaR';
const JSON_BODY = { 'content-type': 'application/json' };

const BARE_ANSWER = `mutation ($model: String!, $text: String!) { completionCreate(model: $model, text: $text) }`;
const BARE_STREAM = `subscription ($model: String!, $text: String!) { completionStream(model: $model, text: $text) }`;
const ANSWER = `mutation ($input: CompletionInput!) {
  completionCreate(input: $input) {
    completion { text model { name } usage { input output } cost { amount } }
    errors { code message }
  }
}`;
/** Unmerged, so that each word is an event, as it is for the others. */
const STREAM = `subscription ($input: CompletionInput!) {
  completionStream(input: $input, coalesceMs: 0) {
    ... on CompletionTextDelta { text }
    ... on CompletionFinished { completion { usage { output } cost { amount } } }
    ... on CompletionFailed { errors { code message } }
  }
}`;

export async function startBareProxy(upstream: string): Promise<System> {
  const program = await startServer('bare-proxy.ts', { args: [upstream] });
  return {
    name: 'bare proxy',
    program,
    requestFor(scenario) {
      if (scenario.kind === 'ws') return undefined;
      const messages = [{ role: 'user', content: TEXT }];
      const body = { model: modelName(scenario), stream: scenario.kind !== 'answer', messages };
      return { url: `${program.url}/v1/chat/completions`, headers: JSON_BODY, body: JSON.stringify(body) };
    },
  };
}

export async function startBareYoga(upstream: string): Promise<System> {
  const program = await startServer('bare-yoga.ts', { args: [upstream] });
  return {
    name: 'bare Yoga',
    program,
    requestFor(scenario) {
      const query = scenario.kind === 'answer' ? BARE_ANSWER : BARE_STREAM;
      const body = JSON.stringify({ query, variables: { model: modelName(scenario), text: TEXT } });
      return { url: `${program.url}/graphql`, headers: headersFor(scenario), body };
    },
  };
}

/** Sluice with everything on: keys, ledger, prices, limits. */
export async function startSluice(options: {
  name: string;
  /** An empty directory of its own. */
  directory: string;
  upstream: string;
  scenarios: Scenario[];
  databaseUrl?: string;
}): Promise<System> {
  const config = join(options.directory, 'sluice.config.yaml');
  await writeFile(config, JSON.stringify(configFor(options.upstream, options.scenarios)));
  const program = await startServer('../src/main.ts', {
    env: {
      PORT: '0',
      SLUICE_ENV: 'production',
      SLUICE_CONFIG: config,
      SLUICE_DATA_DIR: join(options.directory, 'data'),
      SLUICE_ADMIN_KEY: KEY,
      LOG_LEVEL: 'warn',
      ...(options.databaseUrl !== undefined && { DATABASE_URL: options.databaseUrl }),
    },
  });
  return {
    name: options.name,
    program,
    requestFor(scenario) {
      const input = { model: `bench/${modelName(scenario)}`, source: { text: TEXT } };
      const query = scenario.kind === 'answer' ? ANSWER : STREAM;
      const headers = { ...headersFor(scenario), authorization: `Bearer ${KEY}` };
      return { url: program.url, headers, body: JSON.stringify({ query, variables: { input } }) };
    },
  };
}

/** JSON is YAML. */
function configFor(upstream: string, scenarios: Scenario[]) {
  const ids = new Set(scenarios.map(modelName));
  const models = Array.from(ids, (id) => ({ id, price: { input: '0.5', output: '1.5' } }));
  const bench = { type: 'openai-compatible', baseURL: `${upstream}/v1`, models };
  return { detectProviders: false, providers: { bench } };
}

function headersFor({ kind }: Scenario): Record<string, string> {
  return kind === 'sse' ? { ...JSON_BODY, accept: 'text/event-stream' } : JSON_BODY;
}
