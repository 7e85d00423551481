import type { IncomingMessage, ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import type { ProviderConfig } from '../../../src/config/config.ts';
import { sendEvents, startUpstream } from '../../providers/support/upstream.ts';

/** One call of a vendor that does what the test says, when the test says it. */
export interface Call {
  /** What was asked for, in the vendor's own form. */
  body: Promise<unknown>;
  say(text: string): void;
  /** Ends the answer as a vendor does: 10 tokens in, 20 out. */
  finish(reason?: string): void;
  /** Breaks the connection off in the middle. */
  breakOff(): void;
  /** Resolves when the gateway hangs up. */
  closed: Promise<void>;
}

export interface Vendor {
  /** Configures it as a provider, `vendor` if no other name is given, with one `model` at 1 USD per million tokens. */
  config: ProviderConfig;
  /** How often it was called. */
  calls: number;
  /** What it says in the headers of its answers from now on. */
  headers: Record<string, string>;
  /** The status that it refuses every call with from now on. */
  refusal: number | undefined;
  /** What it says about it. */
  complaint: string;
  /** The next call that has not been taken yet. */
  nextCall(): Promise<Call>;
  close(): Promise<void>;
}

/** A vendor over HTTP, in the format of OpenAI's chat completions. */
export async function startVendor(called = 'vendor'): Promise<Vendor> {
  const arrived: Call[] = [];
  const waiting: ((call: Call) => void)[] = [];
  const upstream = await startUpstream((request, response) => {
    vendor.calls += 1;
    for (const [name, value] of Object.entries(vendor.headers)) response.setHeader(name, value);
    if (vendor.refusal !== undefined) {
      response.writeHead(vendor.refusal, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ error: { message: vendor.complaint } }));
      return;
    }
    const call = answerBy(request, response);
    const next = waiting.shift();
    if (next) next(call);
    else arrived.push(call);
  });
  const vendor: Vendor = {
    config: {
      name: called,
      type: 'openai-compatible',
      apiKey: 'sk-test',
      headers: {},
      settings: {},
      baseURL: `${upstream.url}/v1`,
      models: [{ id: 'model', price: { input: '1', output: '1' } }],
    },
    calls: 0,
    headers: {},
    refusal: undefined,
    complaint: 'slow down',
    nextCall() {
      const call = arrived.shift();
      return call ? Promise.resolve(call) : new Promise((resolve) => waiting.push(resolve));
    },
    close: upstream.close,
  };
  return vendor;
}

function answerBy(request: IncomingMessage, response: ServerResponse): Call {
  const closed = new Promise<void>((resolve) => response.on('close', resolve));
  const chunk = { id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'model' };
  sendEvents(response, []);
  const send = (event: object | string) =>
    response.write(`data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`);
  return {
    body: json(request),
    closed,
    say: (content) =>
      void send({ ...chunk, choices: [{ index: 0, delta: { content }, finish_reason: null }] }),
    breakOff: () => void response.destroy(),
    finish(reason = 'stop') {
      send({ ...chunk, choices: [{ index: 0, delta: {}, finish_reason: reason }] });
      send({
        ...chunk,
        choices: [],
        usage: { prompt_tokens: 10, completion_tokens: 20, total_tokens: 30 },
      });
      send('[DONE]');
      response.end();
    },
  };
}
