import { LLMock } from '@copilotkit/aimock';
import type { ServerResponse } from 'node:http';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { startRelay } from '../providers/support/relay.ts';
import { sendEvents, startUpstream } from '../providers/support/upstream.ts';
import { API_KEY, configFor, VENDORS } from '../providers/support/vendors.ts';
import { useGateway } from '../support/gateway.ts';
import { completionOf, create, say, STREAM, waitForCompletion } from './support/completions.ts';
import { STREAMING, subscribe, textOf } from './support/streams.ts';

const GREETING = 'Hello there, how may I help you on this fine morning?';
/** Where an answer goes wrong: at the event that holds this. */
const MARKER = GREETING.slice(0, 10);
const HTML = '<!doctype html><html><body>nginx</body></html>';

/** USD for 11 tokens in and 12 out, at the public list prices. */
const COSTS = { openai: '0.00013375', anthropic: '0.000213', google: '0.0000333' };
const vendors = (Object.keys(COSTS) as (keyof typeof COSTS)[]).map((type) => {
  const vendor = VENDORS.find((each) => each.type === type);
  if (!vendor) throw new Error(`no case for ${type}`);
  return { vendor, name: `${type}/${vendor.model}`, cost: COSTS[type] };
});

const mock = new LLMock({ port: 0 });
mock.onMessage('greet me', {
  content: GREETING,
  usage: {
    prompt_tokens: 11,
    completion_tokens: 12,
    total_tokens: 23,
    input_tokens: 11,
    output_tokens: 12,
    promptTokenCount: 11,
    candidatesTokenCount: 12,
    totalTokenCount: 23,
  },
});
mock.onMessage('weather', { toolCalls: [{ name: 'get_weather', arguments: '{"city":"Paris"}' }] });
mock.onMessage('wrong key', {
  error: { message: `Incorrect API key provided: ${API_KEY}`, type: 'invalid_request_error' },
  status: 401,
});
mock.onMessage('too often', {
  error: { message: 'Slow down', type: 'rate_limit' },
  status: 429,
  retryAfter: 7,
});
mock.onMessage('break', { error: { message: 'Our fault', type: 'server_error' }, status: 500 });
await mock.start();

/** Answers as the test says, for bytes that no mock vendor sends. */
let answer: (response: ServerResponse) => void = (response) => response.end();
const scripted = await startUpstream((_request, response) => answer(response));
const relays = new Map(
  await Promise.all(
    vendors.map(async ({ vendor, name }) => {
      const relay = await startRelay(mock.url, MARKER, vendor.mend);
      return [name, { vendor, relay }] as const;
    }),
  ),
);
const relayOf = (name: string) => {
  const found = relays.get(name);
  if (!found) throw new Error(`no relay for ${name}`);
  return found.relay;
};

const gateway = useGateway({
  config: {
    providers: [
      ...[...relays.values()].map(({ vendor, relay }) => configFor(vendor, relay.url)),
      ...vendors.map(({ vendor }) => ({
        ...configFor(vendor, scripted.url),
        name: `scripted-${vendor.type}`,
      })),
      {
        name: 'priced',
        type: 'openai-compatible',
        apiKey: API_KEY,
        headers: {},
        settings: {},
        baseURL: `${scripted.url}/v1`,
        models: [{ id: 'model', price: { input: '10', output: '20' } }],
      },
    ],
  },
});
afterEach(() => {
  for (const { relay } of relays.values()) relay.fate = 'pass';
});
afterAll(async () => {
  await Promise.all([
    mock.stop(),
    scripted.close(),
    ...[...relays.values()].map(({ relay }) => relay.close()),
  ]);
});

describe.each(vendors)('$name, in its own wire format', ({ vendor, name, cost }) => {
  it('answers with the usage that it reports, at the price of the price list', async () => {
    expect(completionOf(await create(gateway(), say(name, 'greet me')))).toMatchObject({
      status: 'SUCCEEDED',
      text: GREETING,
      finishReason: 'STOP',
      usage: { input: 11, output: 12, source: 'REPORTED' },
      cost: { amount: cost, currency: 'USD' },
      priced: true,
      attempts: [{ provider: vendor.type, model: name, status: 'OK', httpStatus: 200 }],
    });
  });

  it.each(STREAMING)('streams over %s', async (transport) => {
    const variables = { input: say(name, 'greet me'), coalesceMs: 0 };
    const events = await (await subscribe(transport, gateway(), { query: STREAM, variables })).rest();
    expect(textOf(events)).toBe(GREETING);
    expect(events.filter(({ __typename }) => __typename === 'CompletionTextDelta').length).toBeGreaterThan(1);
    expect(events.at(-1)).toMatchObject({
      __typename: 'CompletionFinished',
      completion: { finishReason: 'STOP' },
    });
  });

  it('calls tools', async () => {
    const tools = [{ name: 'get_weather', parameters: { type: 'object', properties: { city: {} } } }];
    expect(completionOf(await create(gateway(), say(name, 'weather please', { tools })))).toMatchObject({
      finishReason: 'TOOL_CALLS',
      toolCalls: [{ name: 'get_weather', arguments: { city: 'Paris' } }],
    });
  });

  it.each([200, 502])('an HTML page with status %d is a failure without markup', async (status) => {
    answer = (response) => response.writeHead(status, { 'content-type': 'text/html' }).end(HTML);
    const { completion, errors } = await create(gateway(), say(`scripted-${name}`, 'greet me'));
    expect(errors).toMatchObject([{ __typename: 'ProviderFailedError', code: 'PROVIDER_ERROR' }]);
    expect(completion).toMatchObject({
      status: 'FAILED',
      finishReason: 'ERROR',
      usage: { source: 'NONE' },
      failure: { reason: 'FAILED' },
    });
    expect(errors[0]?.message).not.toContain('<');
  });

  it.each(['cut', 'end'] as const)(
    'an answer that breaks off (%s) is cut, kept and paid for',
    async (fate) => {
      relayOf(name).fate = fate;
      const { completion, errors } = await create(gateway(), say(name, 'greet me'));
      expect(errors).toMatchObject([{ code: 'PROVIDER_ERROR' }]);
      expect(completion).toMatchObject({
        status: 'FAILED',
        finishReason: 'ERROR',
        failure: { reason: 'CUT', code: 'PROVIDER_ERROR' },
        attempts: [{ status: 'ERROR' }],
      });
      expect(completion?.text).toContain(MARKER);
      expect(GREETING.startsWith(completion?.text ?? '?')).toBe(true);
      expect(completion?.usage?.output).toBeGreaterThan(0);
      expect(Number(completion?.cost?.amount)).toBeGreaterThan(0);
    },
  );

  it.each(STREAMING)('when its client over %s leaves, the vendor is hung up on', async (transport) => {
    relayOf(name).fate = 'hold';
    const tag = { key: 'left', value: `${name} ${transport}` };
    const variables = { input: say(name, 'greet me', { tags: [tag] }), coalesceMs: 0 };
    const stream = await subscribe(transport, gateway(), { query: STREAM, variables });
    let seen = '';
    while (!seen.includes(MARKER)) seen += (await stream.next())?.text ?? '';
    stream.leave();
    await relayOf(name).closed;
    const completion = await waitForCompletion(gateway(), tag);
    expect(completion).toMatchObject({ status: 'CANCELLED', finishReason: 'CANCELLED', text: seen });
    expect(completion.usage?.output).toBeGreaterThan(0);
  });

  // Last, as a vendor that has asked for it is left alone for a while.
  it.each([
    ['wrong key', 401, 'PROVIDER_ERROR', 'ERROR', null],
    ['break', 500, 'PROVIDER_ERROR', 'ERROR', null],
    ['too often', 429, 'RATE_LIMITED', 'RATE_LIMITED', 7_000],
  ])(
    '%s: %d is told as what it is, and nothing is charged',
    async (text, httpStatus, code, status, retryAfterMs) => {
      const { completion, errors } = await create(gateway(), say(name, text));
      expect(errors).toMatchObject([{ code, retryAfterMs }]);
      expect(completion).toMatchObject({
        status: 'FAILED',
        finishReason: 'ERROR',
        text: '',
        usage: { total: 0, source: 'NONE' },
        cost: { amount: '0' },
        failure: { reason: 'FAILED', code },
        attempts: [{ status, httpStatus, errorType: code }],
      });
      expect(JSON.stringify([completion, errors])).not.toContain(API_KEY);
    },
  );
});

describe('a server that keeps no rules', () => {
  const chunk = (delta: object, more: object = {}, choice: object = {}) => ({
    id: 'c1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'model',
    ...more,
    choices: [{ index: 0, delta, finish_reason: null, ...choice }],
  });
  const saying = (...events: object[]) => {
    answer = (response) => {
      sendEvents(response, [...events, '[DONE]']);
      response.end();
    };
  };

  it.each([-1, 0.5, 1e300, 9e15])('a usage of %d tokens is not believed', async (tokens) => {
    const usage = { prompt_tokens: tokens, completion_tokens: 3, total_tokens: tokens + 3 };
    saying(chunk({ content: 'Hi there' }), chunk({}, { usage }, { finish_reason: 'stop' }));
    expect(completionOf(await create(gateway(), say('priced/model', 'Hello there')))).toMatchObject({
      status: 'SUCCEEDED',
      usage: { input: 2, output: 2, source: 'ESTIMATED' },
      cost: { amount: '0.00006' },
    });
  });

  it('more tokens from the cache than came in are charged once', async () => {
    const usage = {
      prompt_tokens: 10,
      completion_tokens: 1,
      total_tokens: 11,
      prompt_tokens_details: { cached_tokens: 40 },
    };
    saying(chunk({ content: 'Hi' }), chunk({}, { usage }, { finish_reason: 'stop' }));
    const completion = completionOf(await create(gateway(), say('priced/model')));
    expect(completion).toMatchObject({ status: 'SUCCEEDED', cost: { amount: '0.00042' } });
  });

  it('a zero that is reported is a price of zero', async () => {
    const usage = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 };
    saying(chunk({ content: 'Hi' }), chunk({}, { usage }, { finish_reason: 'stop' }));
    expect(completionOf(await create(gateway(), say('priced/model')))).toMatchObject({
      usage: { total: 0, source: 'REPORTED' },
      cost: { amount: '0' },
    });
  });

  const callWith = (json: string) => {
    const call = { index: 0, id: 'call_1', type: 'function', function: { name: 'now', arguments: json } };
    saying(chunk({ tool_calls: [call] }), chunk({}, {}, { finish_reason: 'tool_calls' }));
    return create(gateway(), say('priced/model', 'Hi', { tools: [{ name: 'now', parameters: {} }] }));
  };

  it('tool arguments nested without end are a failure, not a settlement that cannot be written', async () => {
    const { completion } = await callWith('['.repeat(20_000) + ']'.repeat(20_000));
    expect(completion).toMatchObject({ status: 'FAILED', failure: { code: 'PROVIDER_ERROR' } });
  });

  it('tool arguments that are no JSON come as they are', async () => {
    const { completion } = await callWith('{"city": Paris');
    expect(completion).toMatchObject({ toolCalls: [{ arguments: '{"city": Paris' }] });
  });

  it('a vendor that answers nothing at all is a failure', async () => {
    answer = (response) => response.writeHead(200, { 'content-type': 'text/event-stream' }).end();
    const { completion } = await create(gateway(), say('priced/model'));
    expect(completion).toMatchObject({ status: 'FAILED', usage: { source: 'NONE' }, cost: { amount: '0' } });
  });

  // Last, for the same reason.
  it('a Retry-After of three centuries still fits the answer', async () => {
    answer = (response) =>
      response
        .writeHead(429, { 'content-type': 'application/json', 'retry-after': '9999999999' })
        .end('{"error":{"message":"later"}}');
    const { errors } = await create(gateway(), say('priced/model'));
    expect(errors).toMatchObject([{ code: 'RATE_LIMITED' }]);
  });
});
