import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ADMIN_KEY, useGateway, type Answer } from '../support/gateway.ts';
import { create, CREATE, createKey, EVENTS, say, STREAM, type Input } from './support/completions.ts';
import { STREAMING, subscribe } from './support/streams.ts';

const gateway = useGateway();
const countCompletions = async () => {
  const [row] = await gateway().gateway.database.sql`SELECT count(*)::int AS n FROM completions`;
  return row?.['n'] as number;
};

let before: number;
beforeEach(async () => {
  before = await countCompletions();
});
afterEach(expectNothingOpened);
async function expectNothingOpened(): Promise<void> {
  expect(await countCompletions()).toBe(before);
}

const said = (messages: unknown[], more: Input = {}) => ({
  model: 'demo/echo',
  source: { messages },
  ...more,
});
const user = (...parts: unknown[]) => ({ role: 'USER', parts });
const HELLO = user({ text: 'Hello' });

describe('a model that cannot be called', () => {
  it.each([
    ['demo/eco', /demo\/echo/],
    ['demo/asistant', /demo\/assistant/],
    ['echo', /demo\/echo/],
    ['openai/gpt-5', /OPENAI_API_KEY/],
    ['anthropic/claude-sonnet-4-5', /ANTHROPIC_API_KEY/],
    ['google/gemini-2.5-flash', /GOOGLE_GENERATIVE_AI_API_KEY/],
    ['nobody/knows-this', /nobody/],
    ['demo/\0echo', /demo/],
  ])('%j is told what would work', async (model, help) => {
    const { completion, errors } = await create(gateway(), say(model));
    expect(completion).toBeNull();
    expect(errors).toMatchObject([{ __typename: 'ModelUnavailableError', code: 'MODEL_UNAVAILABLE' }]);
    expect(errors[0]?.message).toMatch(help);
  });

  it('is one that the key may not use', async () => {
    const { secret } = await createKey(gateway(), { models: ['demo/slow'] });
    const { completion, errors } = await create(gateway(), say('demo/echo'), { key: secret });
    expect(completion).toBeNull();
    expect(errors).toMatchObject([{ code: 'FORBIDDEN', message: expect.stringContaining('demo/slow') }]);
  });
});

const toolCall = { id: 'call_1', name: 'now', arguments: {} };

const FAULTS: [string, Input, string][] = [
  ['no text', say('demo/echo', ''), 'source.text'],
  ['no model', { source: { text: 'Hi' } }, 'model'],
  ['no messages', said([]), 'source.messages'],
  ['10,000 messages', said(Array.from({ length: 10_000 }, () => HELLO)), 'source.messages'],
  ['a 5 MB prompt', say('demo/echo', 'x'.repeat(5_000_000)), 'source.text'],
  ['a 5 MB message', said([user({ text: 'x'.repeat(5_000_000) })]), 'source.messages.0.parts.0.text'],
  [
    'messages of 5 MB together',
    said(Array.from({ length: 10 }, () => user({ text: 'x'.repeat(500_000) }))),
    'source.messages',
  ],
  ['a message without parts', said([HELLO, user()]), 'source.messages.1.parts'],
  [
    'a tool result without a call',
    said([HELLO, { role: 'TOOL', parts: [{ toolResult: { toolCallId: 'call_1', output: 1 } }] }]),
    'source.messages.1.parts.0.toolResult',
  ],
  [
    'a tool result before its call',
    said([
      { role: 'TOOL', parts: [{ toolResult: { toolCallId: 'call_1', output: 1 } }] },
      { role: 'ASSISTANT', parts: [{ toolCall }] },
    ]),
    'source.messages.0.parts.0.toolResult',
  ],
  ['a tool call of the user', said([user({ toolCall })]), 'source.messages.0.parts.0.toolCall'],
  [
    'a system message with an image',
    said([{ role: 'SYSTEM', parts: [{ imageUrl: 'https://example.com/a.png' }] }, HELLO]),
    'source.messages.0.parts.0.text',
  ],
  ['an image by ftp', said([user({ imageUrl: 'ftp://a/b' })]), 'source.messages.0.parts.0.imageUrl'],
  [
    'a file that is not base64',
    said([user({ file: { mediaType: 'text/plain', dataBase64: '%%%' } })]),
    'source.messages.0.parts.0.file.dataBase64',
  ],
  [
    'a schema that does not compile',
    say('demo/echo', 'Hi', { output: { jsonSchema: { type: 'strnig' } } }),
    'output.jsonSchema',
  ],
  [
    'a schema that is none',
    say('demo/echo', 'Hi', { output: { jsonSchema: 'a string' } }),
    'output.jsonSchema',
  ],
  [
    'a tool whose schema does not compile',
    say('demo/echo', 'Hi', { tools: [{ name: 'now', parameters: { $ref: '#/nowhere' } }] }),
    'tools.0.parameters',
  ],
  [
    'two tools of one name',
    say('demo/echo', 'Hi', {
      tools: [
        { name: 'now', parameters: {} },
        { name: 'now', parameters: {} },
      ],
    }),
    'tools.1.name',
  ],
  ['a negative limit', say('demo/echo', 'Hi', { params: { maxOutputTokens: -1 } }), 'params.maxOutputTokens'],
  ['a limit of zero', say('demo/echo', 'Hi', { params: { maxOutputTokens: 0 } }), 'params.maxOutputTokens'],
  ['a temperature of 3', say('demo/echo', 'Hi', { params: { temperature: 3 } }), 'params.temperature'],
  ['an empty stop sequence', say('demo/echo', 'Hi', { params: { stop: [''] } }), 'params.stop.0'],
  ['a tag without a key', say('demo/echo', 'Hi', { tags: [{ key: '', value: 'x' }] }), 'tags.0.key'],
];

describe('an input that breaks a rule', () => {
  it.each(FAULTS)('%s: is told where', async (_, input, path) => {
    const { completion, errors } = await create(gateway(), input);
    expect(completion).toBeNull();
    expect(errors[0]).toMatchObject({ __typename: 'InvalidInputError', code: 'INVALID_INPUT' });
    expect(errors.map((error) => error.path?.join('.'))).toContain(`input.${path}`);
    expect(errors[0]?.message.length).toBeLessThan(1_000);
  });

  it('is told of every fault at once', async () => {
    const input = said([user()], { params: { maxOutputTokens: -1, temperature: 9 } });
    const { errors } = await create(gateway(), input);
    expect(errors).toHaveLength(3);
  });

  it.each([
    ['both text and messages', { text: 'Hi', messages: [HELLO] }],
    ['neither text nor messages', {}],
  ])('%s: breaks the form of the input itself', async (_, source) => {
    const { data, errors } = await gateway().ask(CREATE, { input: { model: 'demo/echo', source } });
    expect(data).toBeUndefined();
    expect(errors).toMatchObject([{ extensions: { code: 'INVALID_INPUT', path: ['input', 'source'] } }]);
  });

  it.each([
    ['a role that does not exist', said([{ role: 'KING', parts: [] }]), ['source', 'messages', '0', 'role']],
    [
      'a part of two kinds',
      said([user({ text: 'a', imageUrl: 'b' })]),
      ['source', 'messages', '0', 'parts', '0'],
    ],
    ['a misspelt field', say('demo/echo', 'Hi', { temprature: 1 }), []],
    ['a number as text', { model: 'demo/echo', source: { text: 7 } }, ['source', 'text']],
    [
      'a limit beyond all integers',
      say('demo/echo', 'Hi', { params: { maxOutputTokens: 1e12 } }),
      ['params', 'maxOutputTokens'],
    ],
  ])('%s: breaks the form of the input itself', async (_, input, path) => {
    const { errors } = await gateway().ask(CREATE, { input });
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'INVALID_INPUT', path: ['input', ...path] });
  });

  it.each([
    ['a schema', say('demo/echo', 'Hi', { output: { jsonSchema: 'DEEP' } }), ['output', 'jsonSchema']],
    [
      'the arguments of a tool call',
      said([HELLO, { role: 'ASSISTANT', parts: [{ toolCall: { ...toolCall, arguments: 'DEEP' } }] }]),
      ['source', 'messages', '1', 'parts', '0', 'toolCall', 'arguments'],
    ],
  ])('%s nested without end: is refused by its depth', async (_, input, path) => {
    // What is deeper still is refused before anybody looks at what it is for.
    const deep = '['.repeat(230) + ']'.repeat(230);
    const response = await fetch(gateway().url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${ADMIN_KEY}` },
      body: JSON.stringify({ query: CREATE, variables: { input } }).replace('"DEEP"', deep),
    });
    const { errors } = (await response.json()) as Answer;
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'INVALID_INPUT', path: ['input', ...path] });
  });

  it.each(STREAMING)('over %s it ends the stream with one event that says so', async (transport) => {
    const variables = { input: say('demo/echo', '', { params: { maxOutputTokens: -1 } }) };
    const events = await (await subscribe(transport, gateway(), { query: STREAM, variables })).rest();
    expect(events).toMatchObject([
      {
        __typename: 'CompletionFailed',
        failureReason: 'FAILED',
        partial: null,
        errors: [{ code: 'INVALID_INPUT' }, { code: 'INVALID_INPUT' }],
      },
    ]);
  });
});

describe('an idempotency key', () => {
  it.each([
    ['empty', ''],
    ['longer than 255 characters', 'k'.repeat(256)],
    ['with a line break', 'a\nb'],
    ['with a NUL', 'a\0b'],
    ['not in ASCII', 'schlüssel'],
    ['with half a character', '\ud83d'],
  ])('%s is refused', async (_, idempotencyKey) => {
    const { completion, errors } = await create(gateway(), say('demo/echo'), { idempotencyKey });
    expect(completion).toBeNull();
    expect(errors).toMatchObject([{ code: 'INVALID_INPUT', path: ['idempotencyKey'] }]);
  });
});

describe.each(STREAMING)('a place in a stream, over %s', (transport) => {
  it.each(['', 'garbage', '0', '\0', 'ffffffff.-1', `ffffffff.${'9'.repeat(30)}`])(
    'that is none (%j) is refused before anything starts',
    async (after) => {
      const variables = { input: say('demo/echo'), after };
      const events = await (await subscribe(transport, gateway(), { query: STREAM, variables })).rest();
      expect(events).toMatchObject([
        { __typename: 'CompletionFailed', errors: [{ code: 'INVALID_INPUT', path: ['after'] }] },
      ]);
    },
  );

  it.each([-1, 5_001])('coalesceMs: %d is refused', async (coalesceMs) => {
    const variables = { input: say('demo/echo'), coalesceMs };
    const events = await (await subscribe(transport, gateway(), { query: STREAM, variables })).rest();
    expect(events).toMatchObject([{ errors: [{ code: 'INVALID_INPUT', path: ['coalesceMs'] }] }]);
  });

  it.each(['cmpl_00000000000000000000000000', 'nonsense', '', '\0', '\ud83d'])(
    'of the completion %j, which does not exist, is not found',
    async (id) => {
      const events = await (
        await subscribe(transport, gateway(), { query: EVENTS, variables: { id } })
      ).rest();
      expect(events).toMatchObject([
        { __typename: 'CompletionFailed', partial: null, errors: [{ code: 'NOT_FOUND' }] },
      ]);
    },
  );
});

describe('a filter that breaks a rule', () => {
  it.each([
    '0000-01-01T00:00:00Z',
    '0001-01-01T00:00:00+01:00',
    '9999-12-31T23:59:59-01:00',
    '2026-02-30',
    'now',
  ])('of the time %s is told where', async (from) => {
    const query = `query ($range: DateTimeRange) { completions(filter: { range: $range }) { nodes { id } } }`;
    const { errors } = await gateway().ask(query, { range: { from } });
    expect(errors).toMatchObject([{ extensions: { code: 'INVALID_INPUT', path: ['range', 'from'] } }]);
  });

  it.each(['99999999999999999999', '1e3', '0.0000000001', 'much'])(
    'of the cost %s is told where',
    async (minCost) => {
      const query = `query ($filter: CompletionFilter) { completions(filter: $filter) { nodes { id } } }`;
      const { errors } = await gateway().ask(query, { filter: { minCost } });
      expect(errors).toMatchObject([{ extensions: { code: 'INVALID_INPUT', path: ['filter', 'minCost'] } }]);
    },
  );
});
