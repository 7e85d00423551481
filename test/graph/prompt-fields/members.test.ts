import { graphqlSync } from 'graphql';
import { describe, expect, it } from 'vitest';
import { outputOf } from './support/mapped.ts';

/** How the one member of an object is printed. */
function memberOf(schema: unknown, required = true): string[] {
  const { sdl } = outputOf({ type: 'object', properties: { it: schema }, required: required ? ['it'] : [] });
  const lines = sdl.split('\n').map((line) => line.trim());
  const begin = lines.indexOf('type TResult {');
  return lines.slice(begin + 1, lines.indexOf('}', begin));
}

describe('a member', () => {
  it.each([
    [{ type: 'string' }, 'it: String!'],
    [{ type: ['string', 'null'] }, 'it: String'],
    [{ type: 'string', nullable: true }, 'it: String'],
    [{ anyOf: [{ type: 'string' }, { type: 'null' }] }, 'it: String'],
    [{ oneOf: [{ const: null }, { type: 'boolean' }] }, 'it: Boolean'],
    [{ type: 'boolean' }, 'it: Boolean!'],
    [{ type: 'number' }, 'it: Float!'],
    [{ type: ['integer', 'number'] }, 'it: Float!'],
    [{ type: 'integer' }, 'it: SafeInt!'],
    [{ type: 'integer', minimum: 0 }, 'it: SafeInt!'],
    [{ type: 'integer', minimum: 0, maximum: 2 ** 31 }, 'it: SafeInt!'],
    [{ type: 'integer', minimum: 1, maximum: 5 }, 'it: Int!'],
    [{ type: 'integer', exclusiveMinimum: 0, exclusiveMaximum: 10 }, 'it: Int!'],
    [{ type: 'string', format: 'date-time' }, 'it: DateTime!'],
    [{ type: 'array', items: { type: 'string' } }, 'it: [String!]!'],
    [{ type: 'array', items: { type: ['string', 'null'] } }, 'it: [String]!'],
    [{ items: { type: 'array', items: { type: 'integer' } } }, 'it: [[SafeInt!]!]!'],
    [{ type: 'array' }, 'it: [JSON]!'],
    [{ const: 3 }, 'it: Int!'],
    [{ enum: [1, 2, null] }, 'it: Int'],
    [{ enum: [0.5, 1] }, 'it: Float!'],
    [{ enum: [2 ** 40, 1] }, 'it: SafeInt!'],
    [{ enum: [true] }, 'it: Boolean!'],
    [
      {
        anyOf: [
          { type: 'string', format: 'uri' },
          { type: 'string', format: 'email' },
        ],
      },
      'it: String!',
    ],
    [{ anyOf: [{ enum: ['a', 'b'] }, { type: 'string' }] }, 'it: String!'],
    [{ type: 'string', anyOf: [{ minLength: 3 }, { pattern: '^x' }] }, 'it: String!'],
    [true, 'it: JSON'],
    [{}, 'it: JSON'],
    [{ description: 'Anything.' }, 'it: JSON'],
    [{ type: 'null' }, 'it: JSON'],
    [{ anyOf: [{}, { type: 'string' }] }, 'it: JSON'],
    [{ type: 'object' }, 'it: JSON!'],
    [{ type: 'object', additionalProperties: { type: 'number' } }, 'it: JSON!'],
    [{ type: 'object', properties: {}, additionalProperties: false }, 'it: JSON!'],
    [{ type: ['object', 'null'] }, 'it: JSON'],
    [{ 'x-graphql-type': 'JSON', type: ['string', 'number'] }, 'it: JSON!'],
    [{ 'x-graphql-type': 'JSON', prefixItems: [{ type: 'string' }] }, 'it: JSON'],
  ])('%j is %s', (schema, field) => {
    expect(memberOf(schema).at(-1)).toBe(field);
  });

  it('takes null where it is not required', () => {
    expect(memberOf({ type: 'string' }, false)).toEqual(['it: String']);
  });

  it('keeps its description, with its format', () => {
    const schema = { type: 'string', description: 'Where to write.', format: 'email' };
    expect(memberOf(schema)).toEqual(['"""', 'Where to write.', '', 'Format: email.', '"""', 'it: String!']);
    expect(memberOf({ const: 'v1' })).toEqual(['"""Always "v1"."""', 'it: String!']);
  });

  it.each([
    [{}, 'Deprecated.'],
    [{ 'x-deprecated-since': '2026-11-01' }, 'Deprecated since 2026-11-01.'],
    [
      { 'x-deprecated-since': '2026-11-01', 'x-removed-after': '2027-01-31' },
      'Deprecated since 2026-11-01. Goes away after 2027-01-31.',
    ],
  ])('is deprecated with its dates: %j', (dates, reason) => {
    expect(memberOf({ type: 'string', deprecated: true, ...dates })).toEqual([
      `it: String! @deprecated(reason: "${reason}")`,
    ]);
  });

  it.each([
    ['first-name', 'firstName'],
    ['first_name', 'first_name'],
    ['First Name', 'FirstName'],
    ['2fa', '_2fa'],
    ['$ref', 'ref'],
    ['__typename', 'typename'],
    ['__proto__', 'proto'],
    ['état', 'etat'],
    ['constructor', 'constructor'],
  ])('%s is the field %s, and finds its value', (property, field) => {
    const schema = {
      type: 'object',
      properties: Object.fromEntries([[property, { type: 'string' }]]),
    };
    const { graph } = outputOf(schema);
    const rootValue = Object.fromEntries([[property, 'here']]);
    const { data } = graphqlSync({ schema: graph, source: `{ result { ${field} } }`, rootValue });
    expect(data).toEqual({ result: { [field]: 'here' } });
    const none = graphqlSync({ schema: graph, source: `{ result { ${field} } }`, rootValue: {} });
    expect(none.data).toEqual({ result: { [field]: null } });
  });
});
