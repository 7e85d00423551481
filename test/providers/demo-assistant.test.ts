import { describe, expect, test } from 'vitest';
import type { AskInput } from '../../src/domain/ask.ts';
import { compileSchema } from '../../src/lib/json-schema.ts';
import { createDemoProvider } from '../../src/providers/demo/provider.ts';
import { askFor, collect, never, ofType } from './support/collect.ts';

const demo = createDemoProvider();

const run = (model: string, text: string, more: Partial<AskInput> = {}) =>
  collect(demo.stream(model, askFor(text, more), never()));

const ARTICLE = [
  'The mill stands on the river Aa.',
  'Its sluice was built in 1820.',
  'Cats sleep in the sun.',
  'The sluice of the mill feeds the wheel with water from the river.',
  'Without the sluice the river would break the wheel of the mill.',
].join(' ');

describe.concurrent('demo/assistant', () => {
  test('says that it is a demo and what it saw', async () => {
    const { text } = await run('assistant', 'How much water does the mill need?');
    expect(text).toContain('demo model');
    expect(text).toContain('How much water does the mill need?');
  });

  test('summarises with sentences of the text', async () => {
    const { text } = await run('assistant', `Summarise this: ${ARTICLE}`);
    expect(text).toContain('The sluice of the mill feeds the wheel');
    expect(text).not.toContain('Cats');
    expect(text).not.toContain('Summarise');
    expect(text.length).toBeLessThan(ARTICLE.length);
  });

  const tools = [
    {
      name: 'get_weather',
      description: 'Current weather of a city',
      parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
    },
    {
      name: 'create_order',
      description: 'Orders a product',
      parameters: {
        type: 'object',
        properties: { product: { type: 'string' }, quantity: { type: 'integer', minimum: 1 } },
        required: ['product', 'quantity'],
      },
    },
  ];

  test('calls the tool that fits what was asked', async () => {
    const { chunks } = await run('assistant', 'What is the weather like in Paris?', { tools });
    const [call] = ofType(chunks, 'tool-call').map((chunk) => chunk.call);
    expect(call).toMatchObject({ name: 'get_weather', arguments: { city: 'Paris' } });
    expect(
      ofType(chunks, 'tool-delta')
        .map(({ delta }) => delta)
        .join(''),
    ).toBe(JSON.stringify(call?.arguments));
    expect(chunks.at(-1)).toEqual({ type: 'finish', reason: 'TOOL_CALLS' });
  });

  test('calls none when none fits', async () => {
    const { chunks } = await run('assistant', 'Tell me a joke', { tools });
    expect(ofType(chunks, 'tool-call')).toEqual([]);
  });

  test('answers with the result of the tool', async () => {
    const { text, chunks } = await run('assistant', '', {
      tools,
      source: {
        messages: [
          { role: 'USER', parts: [{ text: 'What is the weather like in Paris?' }] },
          {
            role: 'ASSISTANT',
            parts: [{ toolCall: { id: 'c1', name: 'get_weather', arguments: { city: 'Paris' } } }],
          },
          { role: 'TOOL', parts: [{ toolResult: { toolCallId: 'c1', output: { celsius: 17 } } }] },
        ],
      },
    });
    expect(text).toBe('The tool get_weather answered: {"celsius":17}');
    expect(ofType(chunks, 'tool-call')).toEqual([]);
  });

  test('fills a form from the text', async () => {
    const jsonSchema = {
      type: 'object',
      properties: {
        email: { type: 'string', format: 'email' },
        orderDate: { type: 'string', format: 'date' },
        quantity: { type: 'integer', minimum: 1 },
        total: { type: 'number' },
        priority: { enum: ['low', 'normal', 'urgent'] },
        city: { type: 'string' },
      },
      required: ['email', 'orderDate', 'quantity', 'total', 'priority', 'city'],
      additionalProperties: false,
    };
    const mail =
      'Ada Lovelace <ada@example.org> wrote on 12 March 2025: please send 3 gates, total: 149.50 euros. This is urgent! City: London.';
    const { text } = await run('assistant', mail, { output: { jsonSchema } });
    expect(JSON.parse(text)).toEqual({
      email: 'ada@example.org',
      orderDate: '2025-03-12',
      quantity: 3,
      total: 149.5,
      priority: 'urgent',
      city: 'London',
    });
  });

  const schemas: Record<string, object> = {
    'an empty schema': {},
    'a bare type': { type: 'integer' },
    'numbers with bounds': {
      type: 'object',
      properties: {
        a: { type: 'integer', minimum: 10, maximum: 10 },
        b: { type: 'number', exclusiveMinimum: 0, exclusiveMaximum: 1 },
        c: { type: 'integer', multipleOf: 7, minimum: 1 },
        d: { type: 'number', maximum: -5 },
        e: { type: 'integer', exclusiveMaximum: 0 },
        f: { type: 'number', minimum: 0.25, maximum: 0.75 },
      },
      required: ['a', 'b', 'c', 'd', 'e', 'f'],
    },
    'every format': {
      type: 'object',
      properties: Object.fromEntries(
        'email date date-time time duration uri uri-reference uuid ipv4 ipv6 hostname json-pointer regex'
          .split(' ')
          .map((format) => [format, { type: 'string', format }]),
      ),
      required: ['email', 'date', 'date-time', 'time', 'duration', 'uri', 'uuid', 'ipv4', 'ipv6', 'hostname'],
    },
    'strings with lengths': {
      type: 'object',
      properties: { long: { type: 'string', minLength: 40 }, short: { type: 'string', maxLength: 2 } },
      required: ['long', 'short'],
    },
    'lists with lengths': {
      type: 'array',
      items: { type: 'string' },
      minItems: 4,
      maxItems: 4,
      uniqueItems: true,
    },
    'unique numbers': {
      type: 'array',
      items: { type: 'integer', minimum: 3 },
      minItems: 5,
      uniqueItems: true,
    },
    'a tuple': {
      type: 'array',
      prefixItems: [{ type: 'string' }, { type: 'boolean' }],
      items: false,
      minItems: 2,
    },
    'constants and lists of values': {
      type: 'object',
      properties: { kind: { const: 'order' }, level: { enum: [3, 5] }, empty: { type: 'null' } },
      required: ['kind', 'level', 'empty'],
    },
    'a type that may be null': {
      type: 'object',
      properties: { a: { type: ['null', 'integer'] } },
      required: ['a'],
    },
    references: {
      $defs: {
        address: { type: 'object', properties: { street: { type: 'string' } }, required: ['street'] },
      },
      type: 'object',
      properties: {
        from: { $ref: '#/$defs/address' },
        to: { $ref: '#/$defs/address', description: 'again' },
      },
      required: ['from', 'to'],
    },
    'a schema that contains itself': {
      $defs: {
        node: {
          type: 'object',
          properties: {
            name: { type: 'string' },
            children: { type: 'array', items: { $ref: '#/$defs/node' } },
          },
          required: ['name', 'children'],
        },
      },
      $ref: '#/$defs/node',
    },
    'parts that all hold': {
      allOf: [
        { type: 'object', properties: { a: { type: 'integer' } }, required: ['a'] },
        { properties: { b: { type: 'boolean' } }, required: ['b'] },
      ],
    },
    'alternatives, of which not every one is possible': {
      type: 'object',
      properties: {
        value: { anyOf: [false, { type: 'object', required: ['x'], properties: { x: { const: 1 } } }] },
      },
      required: ['value'],
    },
    'objects of any keys': { type: 'object', additionalProperties: { type: 'integer' }, minProperties: 2 },
    'required without properties': { type: 'object', required: ['anything'] },
  };

  describe.each([
    ['nothing to find', 'Fill it.'],
    ['much to find', `${ARTICLE} ada@example.org 2025-03-12 7 9.5 -3`],
  ])('meets a schema in a text with %s', (_, prompt) => {
    test.each(Object.entries(schemas))('%s', async (_name, jsonSchema) => {
      const { text, chunks } = await run('assistant', prompt, {
        output: { jsonSchema: jsonSchema as Record<string, unknown> },
      });
      expect(compileSchema(jsonSchema)(JSON.parse(text))).toBeUndefined();
      expect(chunks.at(-1)).toEqual({ type: 'finish', reason: 'STOP' });
    });
  });

  test.each(
    Object.entries({
      'branches without an end': {
        $defs: {
          node: {
            type: 'object',
            properties: { l: { $ref: '#/$defs/node' }, r: { $ref: '#/$defs/node' } },
            required: ['l', 'r'],
          },
        },
        $ref: '#/$defs/node',
      },
      'a billion members': { type: 'array', items: {}, minItems: 1e9 },
      'a billion characters': { type: 'string', minLength: 1e9 },
      'a billion keys': { type: 'object', minProperties: 1e9 },
    }),
  )('answers a schema that asks for %s with less', async (_name, jsonSchema) => {
    const { text, chunks } = await run('assistant', 'Fill it.', { output: { jsonSchema } });
    expect(text.length).toBeLessThan(100_000);
    expect(chunks.at(-1)?.type).toBe('finish');
  });

  test('fills a list with all that the text has of a kind', async () => {
    const jsonSchema = { type: 'array', items: { type: 'string', format: 'email' } };
    const { text } = await run('assistant', 'Write to a@example.org, b@example.org and c@example.org', {
      output: { jsonSchema },
    });
    expect(JSON.parse(text)).toEqual(['a@example.org', 'b@example.org', 'c@example.org']);
  });

  test('takes a text of half a megabyte', async () => {
    const { text } = await run('assistant', `Summarise: ${ARTICLE} ${'x'.repeat(500_000)}`);
    expect(text).toContain('sluice');
  });
});
