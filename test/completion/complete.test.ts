import { describe, expect, it } from 'vitest';
import { useGateway } from '../support/gateway.ts';
import { completionOf, create, createKey, listCompletions, say, STREAM } from './support/completions.ts';
import { STREAMING, subscribe, textOf } from './support/streams.ts';

const gateway = useGateway();
const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const WEATHER_TOOL = {
  name: 'get_weather',
  description: 'Weather of a city',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
};

describe('a completion', () => {
  it('answers with text, model, usage and cost', async () => {
    const { completion, errors } = await create(gateway(), say('demo/echo', 'Hello there'));
    expect(errors).toEqual([]);
    expect(completion).toMatchObject({
      status: 'SUCCEEDED',
      text: 'Hello there',
      parts: [{ __typename: 'TextPart', text: 'Hello there' }],
      toolCalls: [],
      object: null,
      finishReason: 'STOP',
      requestedModel: 'demo/echo',
      model: { name: 'demo/echo' },
      usage: { input: 2, output: 2, cacheRead: 0, reasoning: 0, total: 4, source: 'REPORTED' },
      cost: { amount: '0', currency: 'USD' },
      priced: true,
      failure: null,
      attempts: [{ provider: 'demo', model: 'demo/echo', status: 'OK', httpStatus: 200, errorType: null }],
      warnings: [],
    });
    expect(completion?.latency?.firstTokenMs).toBeLessThanOrEqual(completion?.latency?.totalMs ?? 0);
  });

  it('is read later as it was answered', async () => {
    const completion = completionOf(
      await create(
        gateway(),
        say('demo/reasoning', 'Once more', { tags: [{ key: 'reread', value: 'yes' }] }),
      ),
    );
    expect(await listCompletions(gateway(), { tag: { key: 'reread', value: 'yes' } })).toEqual([completion]);
  });

  it('can be asked for as a query', async () => {
    const { data } = await gateway().ask(
      '{ complete(input: { model: "demo/echo", source: { text: "As a query" } }) { completion { text } errors { code } } }',
    );
    expect(data.complete).toEqual({ completion: { text: 'As a query' }, errors: [] });
  });

  it('keeps what was thought apart from what was said', async () => {
    const completion = completionOf(await create(gateway(), say('demo/reasoning', 'One two three')));
    expect(completion.parts.map(({ __typename }) => __typename)).toEqual(['ReasoningPart', 'TextPart']);
    expect(completion.text).toBe(completion.parts[1]?.text);
    expect(completion.usage?.reasoning).toBeGreaterThan(0);
    expect(completion.usage?.output).toBeGreaterThan(completion.usage?.reasoning ?? 0);
  });

  it('takes a whole conversation with images and files', async () => {
    const messages = [
      { role: 'SYSTEM', parts: [{ text: 'You are a miller.' }] },
      { role: 'USER', parts: [{ text: 'Who are you?' }] },
      { role: 'ASSISTANT', parts: [{ text: 'A miller.' }] },
      {
        role: 'USER',
        parts: [
          { text: 'What is this?' },
          { imageUrl: `data:image/png;base64,${PIXEL}` },
          { imageUrl: 'https://example.com/mill.png' },
          { file: { mediaType: 'application/pdf', dataBase64: 'JVBERi0xLjQ=', name: 'plan.pdf' } },
        ],
      },
    ];
    const completion = completionOf(await create(gateway(), { model: 'demo/echo', source: { messages } }));
    expect(completion).toMatchObject({ status: 'SUCCEEDED', text: 'What is this?' });
  });

  it('calls a tool and goes on with its result', async () => {
    const user = { role: 'USER', parts: [{ text: 'What is the weather in Paris?' }] };
    const input = { model: 'demo/assistant', source: { messages: [user] }, tools: [WEATHER_TOOL] };
    const asking = completionOf(await create(gateway(), input));
    expect(asking).toMatchObject({ status: 'SUCCEEDED', finishReason: 'TOOL_CALLS', text: '' });
    const [toolCall] = asking.toolCalls;
    expect(toolCall).toMatchObject({ name: 'get_weather', arguments: { city: 'Paris' } });

    const answered = completionOf(
      await create(gateway(), {
        ...input,
        source: {
          messages: [
            user,
            { role: 'ASSISTANT', parts: [{ toolCall }] },
            {
              role: 'TOOL',
              parts: [{ toolResult: { toolCallId: toolCall?.id, output: { celsius: 17 } } }],
            },
          ],
        },
      }),
    );
    expect(answered).toMatchObject({ finishReason: 'STOP', toolCalls: [] });
    expect(answered.text).toContain('"celsius":17');
  });

  it('answers a JSON Schema with an object that meets it', async () => {
    const jsonSchema = {
      type: 'object',
      properties: { city: { type: 'string' }, inhabitants: { type: 'integer' } },
      required: ['city', 'inhabitants'],
    };
    const completion = completionOf(
      await create(
        gateway(),
        say('demo/assistant', 'city: Paris, inhabitants: 2103000', { output: { jsonSchema } }),
      ),
    );
    expect(completion.object).toEqual({ city: 'Paris', inhabitants: 2_103_000 });
    expect(JSON.parse(completion.text)).toEqual(completion.object);
  });

  it.each([
    ['is no JSON', 'Paris'],
    ['does not meet the schema', '{"city":7}'],
  ])('fails when the answer to a JSON Schema %s, and is still paid for', async (_, text) => {
    const jsonSchema = { type: 'object', properties: { city: { type: 'string' } } };
    const { completion, errors } = await create(
      gateway(),
      say('demo/echo', text, { output: { jsonSchema } }),
    );
    expect(errors).toMatchObject([{ code: 'OUTPUT_INVALID' }]);
    expect(completion).toMatchObject({
      status: 'FAILED',
      finishReason: 'ERROR',
      text,
      object: null,
      usage: { source: 'REPORTED' },
      failure: { reason: 'FAILED', code: 'OUTPUT_INVALID' },
      attempts: [{ status: 'OK' }],
    });
  });

  it('stops at maxOutputTokens and says so', async () => {
    const input = say('demo/echo', 'one two three four five six', { params: { maxOutputTokens: 3 } });
    const completion = completionOf(await create(gateway(), input));
    expect(completion).toMatchObject({ status: 'SUCCEEDED', finishReason: 'LENGTH', usage: { output: 3 } });
    expect('one two three four five six').toMatch(new RegExp(`^${completion.text}.`));
  });

  it('stops before a stop sequence', async () => {
    const input = say('demo/echo', 'one two STOP three', { params: { stop: ['STOP'] } });
    expect(completionOf(await create(gateway(), input))).toMatchObject({
      finishReason: 'STOP',
      text: 'one two ',
    });
  });

  it('takes every other parameter', async () => {
    const params = {
      temperature: 0.5,
      topP: 0.9,
      seed: 7,
      reasoning: 'HIGH',
      providerOptions: { demo: { any: 1 } },
    };
    expect(completionOf(await create(gateway(), say('demo/echo', 'Hi', { params }))).status).toBe(
      'SUCCEEDED',
    );
  });

  it('can be found again by its tags, end user, model, status and cost', async () => {
    const tags = [
      { key: 'feature', value: 'search' },
      { key: 'stage', value: 'beta' },
    ];
    const more = { tags, endUserId: 'user-42' };
    const { id } = completionOf(await create(gateway(), say('demo/expensive', 'Hello', more)));
    await create(gateway(), say('demo/echo', 'Another one', { endUserId: 'user-43' }));
    const filters = [
      { tag: tags[0] },
      { tag: tags[1] },
      { endUserId: { eq: 'user-42' } },
      { endUserId: { contains: '-42' } },
      { endUserId: { in: ['user-42', 'user-44'] } },
      { endUserId: { eq: 'user-42' }, model: { contains: 'expensive' }, status: ['SUCCEEDED'] },
      { minCost: '0.000000001', endUserId: { eq: 'user-42' } },
    ];
    for (const filter of filters) {
      const found = await listCompletions(gateway(), filter);
      expect(found).toMatchObject([{ id, tags, endUserId: 'user-42' }]);
    }
    expect(await listCompletions(gateway(), { endUserId: { eq: 'user-42' }, status: ['FAILED'] })).toEqual(
      [],
    );
    expect(await listCompletions(gateway(), { endUserId: { contains: '%' } })).toEqual([]);
  });

  it('books what the tokens cost at the price of the model', async () => {
    const completion = completionOf(await create(gateway(), say('demo/expensive', 'What does this cost?')));
    const { input = 0, output = 0 } = completion.usage ?? {};
    const millionths = input * 150 + output * 600;
    expect(Number(completion.cost?.amount) * 1_000_000).toBeCloseTo(millionths, 6);
    expect(completion.priced).toBe(true);
  });

  it('counts usage where no price is known, and calls the cost unknown instead of zero', async () => {
    const tag = { key: 'case', value: 'unpriced' };
    const completion = completionOf(await create(gateway(), say('demo/unpriced', 'Hi', { tags: [tag] })));
    expect(completion).toMatchObject({ status: 'SUCCEEDED', cost: null, priced: false });
    const { data } = await gateway().ask(
      `query ($tag: TagInput) { usage(range: { from: "2020-01-01T00:00:00Z" }, filter: { tag: $tag }) {
        total { requests unpricedRequests cost { amount } tokens { total } } } }`,
      { tag },
    );
    expect(data.usage.total).toEqual({
      requests: 1,
      unpricedRequests: 1,
      cost: null,
      tokens: { total: completion.usage?.total },
    });
  });

  it('estimates the usage of a model that reports none', async () => {
    const completion = completionOf(await create(gateway(), say('demo/unmetered', 'Hello there')));
    expect(completion.usage?.source).toBe('ESTIMATED');
    expect(completion.usage?.input).toBe(2);
    expect(completion.usage?.output).toBeGreaterThan(5);
  });

  it('keeps the trace id of its caller', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const kept = completionOf(await create(gateway(), say('demo/echo'), { headers: { traceparent } }));
    expect(kept.traceId).toBe('0af7651916cd43dd8448eb211c80319c');
    const made = completionOf(await create(gateway(), say('demo/echo')));
    expect(made.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(made.traceId).not.toBe(kept.traceId);
  });

  it('is seen by its own key, its team and no one else', async () => {
    const [mine, other] = await Promise.all([createKey(gateway()), createKey(gateway())]);
    const tag = { key: 'case', value: 'visibility' };
    const input = say('demo/echo', 'Mine', { tags: [tag] });
    const { id } = completionOf(await create(gateway(), input, { key: mine.secret }));
    const reader = await createKey(gateway(), { scopes: ['USAGE_READ'] });
    expect(await listCompletions(gateway(), { tag }, mine.secret)).toMatchObject([{ id }]);
    expect(await listCompletions(gateway(), { tag }, reader.secret)).toMatchObject([{ id }]);
    expect(await listCompletions(gateway(), { tag }, other.secret)).toEqual([]);
  });
});

describe.each(STREAMING)('a completion over %s', (transport) => {
  it('comes in pieces and ends with one terminal event', async () => {
    const stream = await subscribe(transport, gateway(), {
      query: STREAM,
      variables: { input: say('demo/echo', 'one two three'), coalesceMs: 0 },
    });
    const events = await stream.rest();
    expect(events.map(({ __typename }) => __typename)).toEqual([
      'CompletionStarted',
      'CompletionTextDelta',
      'CompletionTextDelta',
      'CompletionTextDelta',
      'CompletionFinished',
    ]);
    expect(textOf(events)).toBe('one two three');
    const [first, last] = [events[0], events.at(-1)];
    expect(first?.completion).toMatchObject({ status: 'RUNNING', text: '', usage: null, cost: null });
    expect(last?.completion).toMatchObject({ status: 'SUCCEEDED', text: 'one two three' });
    expect(new Set(events.map(({ completionId }) => completionId))).toEqual(new Set([first?.completion?.id]));
    expect(new Set(events.map(({ cursor }) => cursor)).size).toBe(events.length);
  });

  it('streams reasoning and the arguments of tools', async () => {
    const input = say('demo/assistant', 'Weather in Paris?', { tools: [WEATHER_TOOL] });
    const events = await (
      await subscribe(transport, gateway(), { query: STREAM, variables: { input } })
    ).rest();
    const deltas = events.filter(({ __typename }) => __typename === 'CompletionToolCallDelta');
    const [call] = events.at(-1)?.completion?.toolCalls ?? [];
    expect(deltas[0]).toMatchObject({ toolCallId: call?.id, name: 'get_weather' });
    expect(JSON.parse(deltas.map(({ argumentsDelta }) => argumentsDelta).join(''))).toEqual(call?.arguments);

    const variables = { input: say('demo/reasoning', 'Think') };
    const thought = await (await subscribe(transport, gateway(), { query: STREAM, variables })).rest();
    expect(thought.map(({ __typename }) => __typename)).toContain('CompletionReasoningDelta');
  });
});
