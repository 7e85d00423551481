import type { IncomingMessage, ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import type { ProviderConfig } from '../../src/config/config.ts';
import {
  completionOf,
  create,
  say,
  type CompletionData,
  type Input,
} from '../completion/support/completions.ts';
import { sendEvents, startUpstream } from '../providers/support/upstream.ts';
import type { TestGateway } from '../support/gateway.ts';
import type { Refusal, RouteInput } from './support.ts';

/**
 * A vendor that answers at once: `dear` and `cheap` at their prices, `plain` that is cheap and can do nothing but text, and
 * `unpriced`. It counts a token for each character of what is sent, and seven times fewer for what it says.
 */
export async function startPromptVendor(): Promise<{ config: ProviderConfig; close(): Promise<void> }> {
  const upstream = await startUpstream((request, response) => void answer(request, response));
  const all = ['TEXT', 'TOOLS', 'JSON_SCHEMA'] as const;
  const config: ProviderConfig = {
    name: 'prompt',
    type: 'openai-compatible',
    apiKey: 'sk-test',
    headers: {},
    settings: {},
    baseURL: `${upstream.url}/v1`,
    models: [
      { id: 'dear', price: { input: '10', output: '30' }, capabilities: [...all] },
      { id: 'cheap', price: { input: '1', output: '4' }, capabilities: [...all] },
      { id: 'plain', price: { input: '0.5', output: '2' }, capabilities: ['TEXT'] },
      { id: 'unpriced', capabilities: [...all] },
    ],
  };
  return { config, close: upstream.close };
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { messages } = (await json(request)) as { messages: { content: unknown }[] };
  const input = JSON.stringify(messages).length;
  const chunk = { id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'model' };
  const choice = (delta: object, reason: string | null) => [{ index: 0, delta, finish_reason: reason }];
  const output = Math.ceil(input / 7);
  sendEvents(response, [
    { ...chunk, choices: choice({ content: 'Yes.' }, null) },
    { ...chunk, choices: choice({}, 'stop') },
    {
      ...chunk,
      choices: [],
      usage: { prompt_tokens: input, completion_tokens: output, total_tokens: input + output },
    },
    '[DONE]',
  ]);
  response.end();
}

export interface Side {
  requests: number;
  cost: { amount: string };
  unpriced: number;
  latencyP50Ms: number | null;
  latencyP95Ms: number | null;
  untimed: number;
  failures: number;
  refusals: number;
  shares: { name: string; requests: number; share: number; cost: { amount: string } }[];
}

export interface Simulated {
  requests: number;
  sampled: number;
  baseline: Side;
  draft: Side;
  change: {
    cost: { amount: string };
    costRatio: number | null;
    latencyP50Ms: number | null;
    latencyP95Ms: number | null;
    failures: number;
    refusals: number;
  };
  refusalReasons: { code: string; name: string; requests: number }[];
  notes: string[];
}

const SIDE = `requests cost { amount } unpriced latencyP50Ms latencyP95Ms untimed failures refusals
  shares { name requests share cost { amount } }`;
const SIMULATE = `query ($input: SimulateRouteInput!) {
  simulateRoute(input: $input) {
    simulation {
      requests sampled baseline { ${SIDE} } draft { ${SIDE} }
      change { cost { amount } costRatio latencyP50Ms latencyP95Ms failures refusals }
      refusalReasons { code name requests } notes
    }
    errors { code message path }
  }
}`;

/** What is tried; the range is the last hour, unless it is given. */
export interface SimulationInput {
  draft: RouteInput;
  range?: { from: string; to?: string };
  of?: string[];
  limit?: number;
}

export async function trySimulate(
  { ask }: TestGateway,
  { draft, ...rest }: SimulationInput,
  options: { key?: string; signal?: AbortSignal } = {},
): Promise<{ simulation: Simulated | null; errors: Refusal[] }> {
  const range = { from: new Date(Date.now() - 3_600_000).toISOString() };
  const input = { draft: { strategy: 'PRIORITY', ...draft }, range, ...rest };
  const { data, errors } = await ask(SIMULATE, { input }, options);
  if (errors) throw new Error(JSON.stringify(errors));
  return data.simulateRoute;
}

export async function simulate(
  gateway: TestGateway,
  input: SimulationInput,
  options: { key?: string } = {},
): Promise<Simulated> {
  const { simulation, errors } = await trySimulate(gateway, input, options);
  if (!simulation) throw new Error(JSON.stringify(errors));
  return simulation;
}

/** Asks for a name so often, as `more` says of each. */
export async function record(
  gateway: TestGateway,
  model: string,
  count: number,
  more: (index: number) => { text?: string } & Input = () => ({}),
): Promise<CompletionData[]> {
  const done: CompletionData[] = [];
  for (let index = 0; index < count; index += 1) {
    const { text = `Tell me of number ${index}, ${'please '.repeat(index % 9)}`, ...rest } = more(index);
    done.push(completionOf(await create(gateway, say(model, text, rest))));
  }
  return done;
}

/** How often each model answered, and what that cost, in the form and the order of shares. */
export function sharesOf(completions: readonly CompletionData[]): Omit<Side['shares'][number], 'cost'>[] {
  const counts = new Map<string, number>();
  for (const { model } of completions) counts.set(model.name, (counts.get(model.name) ?? 0) + 1);
  return [...counts]
    .map(([name, requests]) => ({ name, requests, share: requests / completions.length }))
    .toSorted((a, b) => b.requests - a.requests || (a.name < b.name ? -1 : 1));
}
