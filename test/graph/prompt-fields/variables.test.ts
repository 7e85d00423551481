import { assertValidSchema, graphqlSync, GraphQLObjectType, GraphQLSchema, GraphQLString } from 'graphql';
import { describe, expect, it } from 'vitest';
import type { PromptVariable } from '../../../src/domain/prompt.ts';
import { mapVariables } from '../../../src/graph/prompt-fields/map-variables.ts';
import { faultsOf, scalars, sdlOf } from './support/mapped.ts';

const variable = (name: string, type: PromptVariable['type'], more: Partial<PromptVariable> = {}) => ({
  name,
  type,
  schema: undefined,
  description: undefined,
  required: false,
  default: undefined,
  example: undefined,
  neverLog: false,
  ...more,
});
const ticket = { type: 'object', required: ['e-mail'], properties: { 'e-mail': { type: 'string' } } };

function fieldOf(...variables: PromptVariable[]) {
  const { args, toVariables, typeNames } = mapVariables(variables, 'SummarizeTicket', scalars);
  let taken: unknown;
  const resolve = (_: unknown, given: Record<string, unknown>) => {
    taken = toVariables(given);
    return 'done';
  };
  const graph = new GraphQLSchema({
    query: new GraphQLObjectType({ name: 'Query', fields: { ask: { type: GraphQLString, args, resolve } } }),
  });
  assertValidSchema(graph);
  const take = (written: string) => {
    const { errors } = graphqlSync({ schema: graph, source: `{ ask${written} }` });
    if (errors) throw errors[0]!;
    return taken;
  };
  const field = graph.getQueryType()!.getFields()['ask']!;
  const printed = Object.fromEntries(field.args.map(({ name, type }) => [name, String(type)]));
  return { take, printed, args, typeNames, sdl: sdlOf(graph) };
}

describe('a variable is an argument', () => {
  it.each<[PromptVariable['type'], Partial<PromptVariable>, string]>([
    ['STRING', {}, 'String'],
    ['STRING', { required: true }, 'String!'],
    ['STRING', { required: true, default: 'x' }, 'String!'],
    ['NUMBER', { default: 1.5 }, 'Float!'],
    ['BOOLEAN', { required: true }, 'Boolean!'],
    ['IMAGE', { required: true }, 'String!'],
    ['LIST', {}, '[JSON]'],
    ['OBJECT', { required: true }, 'JSON!'],
    ['OBJECT', { required: true, default: { a: 1 } }, 'JSON'],
    ['LIST', { schema: { type: 'array', items: { type: 'integer' } } }, '[SafeInt!]'],
    ['OBJECT', { schema: ticket, required: true }, 'SummarizeTicketTicketInput!'],
    ['OBJECT', { schema: { type: 'object' }, required: true }, 'JSON!'],
  ])('%s %j is %s', (type, more, printed) => {
    expect(fieldOf(variable('ticket', type, more)).printed).toEqual({ ticket: printed });
  });

  it('with its description and its example', () => {
    const { args } = fieldOf(
      variable('photo', 'IMAGE', { description: 'Of the damage.', example: 'https://example.com/a.png' }),
      variable('long', 'STRING', { example: 'x'.repeat(500) }),
    );
    expect(args['photo']!.description).toBe(
      'Of the damage.\n\nAn image: a URL that begins with https:// or data:image/.\n\nExample: "https://example.com/a.png"',
    );
    expect(args['long']!.description).toBeUndefined();
  });
});

describe('the values', () => {
  const ask = fieldOf(
    variable('ticket', 'OBJECT', { schema: ticket, required: true }),
    variable('tone', 'STRING', { default: 'kind' }),
    variable('extra', 'OBJECT'),
    variable('list', 'LIST'),
    variable('at', 'LIST', { schema: { items: { type: 'string', format: 'date-time' } } }),
  );

  it('come under the names of JSON, with the defaults', () => {
    expect(ask.take('(ticket: { eMail: "a" })')).toEqual({ ticket: { 'e-mail': 'a' }, tone: 'kind' });
    expect(
      ask.take(
        '(ticket: { eMail: "a" }, tone: "dry", extra: { b: [1] }, list: [1, "a", null], at: "2026-01-01T00:00:00Z")',
      ),
    ).toEqual({
      ticket: { 'e-mail': 'a' },
      tone: 'dry',
      extra: { b: [1] },
      list: [1, 'a', null],
      at: ['2026-01-01T00:00:00.000Z'],
    });
  });

  it('are not there where null was given', () => {
    expect(ask.take('(ticket: { eMail: "a" }, extra: null)')).toEqual({
      ticket: { 'e-mail': 'a' },
      tone: 'kind',
    });
  });

  it('of the wrong type never arrive', () => {
    expect(() => ask.take('(ticket: { mail: "a" })')).toThrow('eMail');
    expect(() => ask.take('(tone: "dry")')).toThrow('required');
  });
});

describe('refused are', () => {
  const faults = (...variables: PromptVariable[]) => faultsOf(() => mapVariables(variables, 'T', scalars));

  it('schemas that have no type, with the variable and the place', () => {
    const bad = { type: 'object', properties: { a: { type: 'text' } } };
    expect(faults(variable('x', 'STRING'), variable('y', 'OBJECT', { schema: bad }))).toEqual([
      '/1/schema/properties/a/type: is "text"; use string, integer, number, boolean, array, object',
    ]);
  });

  it('schemas of another type than the variable', () => {
    expect(
      faults(variable('x', 'LIST', { schema: ticket }), variable('y', 'OBJECT', { schema: { items: {} } })),
    ).toEqual(['/0/schema: describes no list', '/1/schema: describes no object with members']);
  });

  it('defaults of another type', () => {
    expect(
      faults(
        variable('x', 'NUMBER', { default: '5' }),
        variable('y', 'OBJECT', { schema: ticket, default: {} }),
      ),
    ).toEqual([
      '/0/default: is "5", which is no NUMBER by its schema',
      '/1/default: is {}, which is no OBJECT by its schema',
    ]);
  });

  it('two variables that give one type', () => {
    const schema = ticket;
    expect(
      faults(variable('ticket', 'OBJECT', { schema }), variable('Ticket', 'OBJECT', { schema })),
    ).toEqual(['/1: is "Ticket", which gives the type TTicketInput, as "ticket" does']);
  });
});
