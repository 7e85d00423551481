import { graphqlSync } from 'graphql';
import { describe, expect, it } from 'vitest';
import { outputOf } from './support/mapped.ts';

/** The types of answers, without those of what has come so far. */
function typesOf(schema: unknown, prefix = 'T'): string {
  const blocks = outputOf(schema, prefix).sdl.split(/\n\n(?=type|enum|union|""")/);
  return blocks.filter((block) => !/^("""[^"]*"""\n)?(type|union) TPartial/.test(block)).join('\n');
}

const circle = {
  type: 'object',
  required: ['kind', 'radius'],
  properties: { kind: { const: 'circle' }, radius: { type: 'number' } },
};
const square = {
  type: 'object',
  required: ['kind', 'side'],
  properties: { kind: { enum: ['square'] }, side: { type: 'number' } },
};

describe('an enum', () => {
  it('has the values of the schema under names that GraphQL takes', () => {
    const schema = { enum: ['low', 'very-high', 'inProgress', 'GPT4', '3.5', 'état'], description: 'How.' };
    expect(typesOf(schema)).toBe(
      '"""How."""\nenum TResult {\n  ETAT\n  GPT4\n  IN_PROGRESS\n  LOW\n  VERY_HIGH\n  _3_5\n}',
    );
    const { graph } = outputOf(schema);
    const answer = graphqlSync({ schema: graph, source: '{ result }', rootValue: 'very-high' });
    expect(answer.data).toEqual({ result: 'VERY_HIGH' });
  });

  it('comes of options with a value each, which describe the values', () => {
    const options = [{ const: 'en', description: 'English.' }, { const: 'de' }, { type: 'null' }];
    expect(typesOf({ oneOf: options })).toBe('enum TResult {\n  DE\n\n  """English."""\n  EN\n}');
  });
});

describe('types of their own', () => {
  const author = { type: 'object', properties: { name: { type: 'string' } } };

  it('are named by their path', () => {
    const schema = {
      type: 'object',
      properties: {
        author: { ...author, description: 'Who wrote it.', title: 'Person' },
        'line-items': { type: 'array', items: author },
        state: { enum: ['a', 'b'] },
        shape: { oneOf: [circle, square] },
      },
    };
    expect(outputOf(schema, 'SummarizeTicket').typeNames).toEqual([
      'SummarizeTicketResult',
      'SummarizeTicketPartial',
      'SummarizeTicketResultAuthor',
      'SummarizeTicketPartialAuthor',
      'SummarizeTicketResultLineItemsItem',
      'SummarizeTicketPartialLineItemsItem',
      'SummarizeTicketResultState',
      'SummarizeTicketResultShapeCircle',
      'SummarizeTicketPartialShapeCircle',
      'SummarizeTicketResultShapeSquare',
      'SummarizeTicketPartialShapeSquare',
      'SummarizeTicketResultShape',
      'SummarizeTicketPartialShape',
    ]);
  });

  it('of definitions are named by the definition, wherever they are referred to', () => {
    const to = (name: string) => ({ $ref: `#/$defs/${name}` });
    const schema = {
      type: 'object',
      required: ['author'],
      properties: {
        author: { description: 'Who wrote it.', ...to('Author') },
        editor: { anyOf: [to('Author'), { type: 'null' }] },
        old: { allOf: [to('Author')], deprecated: true },
        all: { type: 'array', items: to('Author') },
        by: { $ref: '#/properties/all/items' },
        urgency: { $ref: '#/definitions/urgency~1level' },
      },
      $defs: { Author: { ...author, description: 'A person.' } },
      definitions: { 'urgency/level': { enum: ['low', 'high'] } },
    };
    expect(typesOf(schema)).toBe(`type TResult {
  all: [TResultAuthor!]

  """Who wrote it."""
  author: TResultAuthor!
  by: TResultAuthor
  editor: TResultAuthor
  old: TResultAuthor @deprecated(reason: "Deprecated.")
  urgency: TResultUrgencyLevel
}
"""A person."""
type TResultAuthor {
  name: String
}
enum TResultUrgencyLevel {
  HIGH
  LOW
}`);
  });

  it('may lead back to themselves', () => {
    const schema = {
      type: 'object',
      required: ['children'],
      properties: {
        children: { type: 'array', items: { $ref: '#' } },
        next: { $ref: '#/$defs/Link' },
      },
      $defs: {
        Link: { anyOf: [{ type: 'object', properties: { to: { $ref: '#/$defs/Link' } } }, { type: 'null' }] },
      },
    };
    expect(typesOf(schema)).toBe(
      'type TResult {\n  children: [TResult!]!\n  next: TResultLink\n}\ntype TResultLink {\n  to: TResultLink\n}',
    );
  });

  it('of allOf hold the members of all parts', () => {
    const schema = {
      required: ['kind'],
      allOf: [
        { $ref: '#/$defs/Base' },
        { type: 'object', required: ['b'], properties: { b: { type: 'string' }, kind: { const: 'x' } } },
      ],
      $defs: { Base: { type: 'object', properties: { kind: { type: 'string' }, a: author } } },
    };
    expect(typesOf(schema)).toBe(
      'type TResult {\n  a: TResultBaseA\n  b: String!\n\n  """Always "x"."""\n  kind: String!\n}\ntype TResultBaseA {\n  name: String\n}',
    );
  });
});

describe('a union', () => {
  it('is of objects that a required const tells apart', () => {
    const schema = {
      oneOf: [{ $ref: '#/$defs/Circle' }, square, { type: 'null' }],
      $defs: { Circle: circle },
    };
    expect(typesOf(schema)).toContain('union TResult = TResultCircle | TResultSquare');
    const { graph } = outputOf(schema);
    const source = '{ result { __typename ... on TResultCircle { radius } ... on TResultSquare { side } } }';
    const ask = (rootValue: unknown) => graphqlSync({ schema: graph, source, rootValue }).data?.['result'];
    expect(ask({ kind: 'circle', radius: 2 })).toEqual({ __typename: 'TResultCircle', radius: 2 });
    expect(ask({ kind: 'square', side: 3 })).toEqual({ __typename: 'TResultSquare', side: 3 });
  });

  it('takes the discriminator that the schema names where several could be one', () => {
    const option = (kind: string, v: string) => ({
      type: 'object',
      required: ['kind', 'v'],
      properties: { kind: { const: kind }, v: { const: v } },
    });
    const schema = { oneOf: [option('a', 'one'), option('b', 'two')], discriminator: { propertyName: 'v' } };
    expect(typesOf(schema)).toContain('union TResult = TResultOne | TResultTwo');
  });

  it('has what stands beside it in each option', () => {
    const schema = {
      type: 'object',
      required: ['id'],
      properties: { id: { type: 'string' } },
      oneOf: [circle, square],
    };
    expect(typesOf(schema)).toContain('type TResultCircle {\n  id: String!\n');
  });

  it('within a union is one with it', () => {
    const dot = { type: 'object', required: ['kind'], properties: { kind: { const: 'dot' } } };
    const schema = {
      anyOf: [{ $ref: '#/$defs/Closed' }, dot],
      $defs: { Closed: { oneOf: [circle, square] } },
    };
    expect(typesOf(schema)).toContain('union TResult = TResultCircle | TResultDot | TResultSquare');
  });

  it('is none where the options only say which members must be there', () => {
    const schema = {
      type: 'object',
      properties: { a: { type: 'string' }, b: { type: 'string' } },
      anyOf: [{ required: ['a'] }, { required: ['b'] }],
    };
    expect(typesOf(schema)).toBe('type TResult {\n  a: String\n  b: String\n}');
  });
});

describe('the whole answer', () => {
  it.each([
    [{ type: 'string' }, 'hello', 'hello'],
    [{ type: 'array', items: { type: 'integer' } }, [1, 2 ** 50], [1, 2 ** 50]],
    [{ enum: ['a-b', 'c'] }, 'a-b', 'A_B'],
    [
      { type: 'array', items: { type: 'string', format: 'date-time' } },
      ['2026-01-01T02:00:00+02:00'],
      ['2026-01-01T00:00:00.000Z'],
    ],
    [{ type: 'string', format: 'date-time' }, '2016-12-31 23:59:60Z', '2016-12-31T23:59:59.000Z'],
  ])('may be no object: %j', (schema, value, answer) => {
    const { graph } = outputOf(schema);
    expect(graphqlSync({ schema: graph, source: '{ result }', rootValue: value })).toEqual({
      data: { result: answer },
    });
  });

  it('stays where one integer is larger than a number holds exactly', () => {
    const { graph } = outputOf({
      type: 'object',
      properties: { a: { type: 'integer' }, b: { type: 'string' } },
    });
    const { data, errors } = graphqlSync({
      schema: graph,
      source: '{ result { a b } }',
      rootValue: { a: 1e300, b: 'x' },
    });
    expect(data).toEqual({ result: { a: null, b: 'x' } });
    expect(errors?.[0]?.path).toEqual(['result', 'a']);
  });
});
