import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProviderConfig } from '../../../src/config/config.ts';
import { readBody, startUpstream } from '../../providers/support/upstream.ts';
import { startChaosProxy, type ChaosProxy } from '../../support/chaos-proxy.ts';

/** What a vendor knows of one of its calls. */
export interface Served {
  /** The text that was asked. */
  asked: string;
  /** Tokens that it has sent. */
  said: number;
  /** It has told its usage, which is what it charges for. */
  reported: boolean;
  end: 'RUNNING' | 'FINISHED' | 'REFUSED' | 'HUNG_UP';
  status: number | 'TEAR';
  atMs: number;
}

/** How it answers. */
export interface Manner {
  /** One token each. */
  words?: readonly string[];
  /** Before each word; a function can hold it back. */
  pace?: number | ((word: number) => Promise<unknown>);
  /** Says nothing more after so many words, and does not end. */
  stopAfter?: number;
  /** Ends properly after its words, and never says that this was all. */
  forgetsEnd?: boolean;
  /** Sent every so often instead of words once it has stopped. */
  pulse?: { bytes: string; everyMs: number };
  /** Refuses call number n, from 0, with this status, or tears the connection before any. */
  refuse?: (call: number) => number | 'TEAR' | undefined;
  headers?: Record<string, string>;
  /** Answers in a way of its own. */
  raw?: (response: ServerResponse) => unknown;
}

/** A vendor in the format of OpenAI's chat completions that keeps a log of what it truly did, behind a line that may go wrong. */
export interface TruthfulVendor {
  config: ProviderConfig;
  log: Served[];
  manner: Manner;
  line: ChaosProxy;
  close(): Promise<void>;
}

export const WORDS = ['Rivers', ' carry', ' water', ' from', ' hills', ' down', ' into', ' lakes'];
export const ANSWER = WORDS.join('');
/** What it reports for the question. */
export const INPUT = 10;

/** @param models at 1 USD per million tokens. */
export async function startTruthfulVendor(
  name: string,
  models: readonly string[] = ['model'],
): Promise<TruthfulVendor> {
  const upstream = await startUpstream((request, response) => void serve(vendor, request, response));
  const line = await startChaosProxy(upstream.port);
  const vendor: TruthfulVendor = {
    config: {
      name,
      type: 'openai-compatible',
      apiKey: 'sk-test',
      headers: {},
      settings: {},
      baseURL: `${line.url}/v1`,
      models: models.map((id) => ({ id, price: { input: '1', output: '1' } })),
    },
    log: [],
    manner: {},
    line,
    async close() {
      await line.close();
      await upstream.close();
    },
  };
  return vendor;
}

async function serve(
  vendor: TruthfulVendor,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { manner, log } = vendor;
  const status = manner.refuse?.(log.length) ?? 200;
  const atMs = performance.now();
  const served: Served = { asked: '', said: 0, reported: false, end: 'RUNNING', status, atMs };
  log.push(served);
  response.on('close', () => {
    if (served.end === 'RUNNING') served.end = 'HUNG_UP';
  });
  const body = await readBody(request).catch(() => '{}');
  served.asked = readText(JSON.parse(body));
  for (const [header, value] of Object.entries(manner.headers ?? {})) response.setHeader(header, value);
  if (status !== 200) {
    served.end = 'REFUSED';
    if (status === 'TEAR') return void response.socket?.resetAndDestroy();
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: { message: 'not now' } }));
    return;
  }
  if (manner.raw) return void manner.raw(response);
  await answer(manner, served, response);
}

async function answer(manner: Manner, served: Served, response: ServerResponse): Promise<void> {
  const { words = WORDS, pace = 0, stopAfter = Infinity, pulse, forgetsEnd } = manner;
  response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
  const send = (event: object) => response.write(eventOf(event));
  for (const [at, content] of words.entries()) {
    if (at >= stopAfter) break;
    await (typeof pace === 'number' ? sleep(pace) : pace(at));
    if (response.destroyed) return;
    send({ choices: [{ index: 0, delta: { content }, finish_reason: null }] });
    served.said += 1;
  }
  while (words.length > stopAfter && !response.destroyed) {
    if (pulse) response.write(pulse.bytes);
    await sleep(pulse?.everyMs ?? 10);
  }
  if (response.destroyed) return;
  if (!forgetsEnd) {
    const usage = { prompt_tokens: INPUT, completion_tokens: served.said, total_tokens: INPUT + served.said };
    send({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] });
    send({ choices: [], usage });
    response.write('data: [DONE]\n\n');
    served.reported = true;
  }
  served.end = 'FINISHED';
  response.end();
}

/** An event of the format, as it stands on the wire. */
export function eventOf(event: object): string {
  const head = { id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'model' };
  return `data: ${JSON.stringify({ ...head, ...event })}\n\n`;
}

function readText({ messages = [] }: { messages?: { content: string | { text: string }[] }[] }): string {
  const content = messages.at(-1)?.content ?? '';
  return typeof content === 'string' ? content : content.map(({ text }) => text).join('');
}
