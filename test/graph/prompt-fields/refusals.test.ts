import { describe, expect, it } from 'vitest';
import { mapOutput } from '../../../src/graph/prompt-fields/map-output.ts';
import { MappingFaults } from '../../../src/graph/prompt-fields/mapping-faults.ts';
import { faultsOf, scalars } from './support/mapped.ts';

const faults = (schema: unknown) => faultsOf(() => mapOutput(schema, 'T', scalars));
const object = (properties: Record<string, unknown>, more: object = {}) => ({
  type: 'object',
  properties,
  ...more,
});
const text = { type: 'string' };
const AS_JSON = 'write "x-graphql-type": "JSON" to take it as it is';
const nothingTells = `is a union whose options nothing tells apart; give each one a required property with a const of its own, or ${AS_JSON}`;

describe('what has no type in GraphQL is refused, with its place and a way out', () => {
  it.each<[string, unknown, string]>([
    [
      'a value of several types',
      object({ a: { type: ['string', 'number'] } }),
      `/properties/a/type: is ["string","number"]; GraphQL has no such type; choose one, or ${AS_JSON}`,
    ],
    [
      'a tuple',
      { items: { prefixItems: [text, text] } },
      `/items: is a list with a schema for each place; GraphQL has only lists of one type: make it an object, or ${AS_JSON}`,
    ],
    [
      'an enum of several types',
      { enum: ['a', 1] },
      `/: allows values that GraphQL cannot put into one type: ["a",1]; take texts, numbers or booleans alone, or ${AS_JSON}`,
    ],
    [
      'an object as a const',
      object({ a: { const: {} } }),
      `/properties/a: allows values that GraphQL cannot put into one type: [{}]; take texts, numbers or booleans alone, or ${AS_JSON}`,
    ],
    [
      'a union without a discriminator',
      { oneOf: [object({ a: text }), object({ b: text })] },
      `/: ${nothingTells}`,
    ],
    ['a union of an object and a text', { anyOf: [object({ a: text }), text] }, `/: ${nothingTells}`],
    [
      'a union whose discriminator need not be there',
      { oneOf: [object({ kind: { const: 'a' } }), object({ kind: { const: 'b' } })] },
      `/: ${nothingTells}`,
    ],
    [
      'a union whose named discriminator tells nothing',
      { oneOf: [object({ a: text }), object({ a: text })], discriminator: { propertyName: 'a' } },
      `/: is a union whose options nothing tells apart; give each one a required property with a const of its own named "a", or ${AS_JSON}`,
    ],
    [
      'a union with two discriminators',
      {
        oneOf: ['a', 'b'].map((value) =>
          object({ k: { const: value }, v: { const: value } }, { required: ['k', 'v'] }),
        ),
      },
      '/: has options that "k" and "v" tell apart; name one of them as discriminator.propertyName',
    ],
    [
      'two unions at once',
      { oneOf: [text], anyOf: [text] },
      `/: is two unions at once; write one, or ${AS_JSON}`,
    ],
    [
      'named members beside members of any name',
      object({ a: text }, { additionalProperties: text }),
      '/additionalProperties: describes members of any name beside named ones; move them into a member of their own',
    ],
    [
      'named members beside members by pattern',
      object({ a: text }, { patternProperties: { '^x-': text } }),
      '/patternProperties: describes members of any name beside named ones; move them into a member of their own',
    ],
    [
      'allOf that says a member in two ways',
      { allOf: [object({ a: text }), object({ a: { type: 'number' } })] },
      '/allOf/1/properties/a: is said otherwise by allOf.0.properties.a, which holds too; say it once',
    ],
    [
      'allOf of an object and something else',
      { allOf: [object({ a: text }), { items: text }] },
      '/: joins allOf.1, which names no members, with others; only objects can be joined',
    ],
    [
      'an object that needs itself',
      object({ a: { $ref: '#' } }, { required: ['a'] }),
      '/properties/a: needs itself without end; leave it out of required, or allow null',
    ],
    ['a list of itself', { items: { $ref: '#' } }, '/: leads back to itself with no object in between'],
    [
      'a type that is none',
      { type: 'text' },
      '/type: is "text"; use string, integer, number, boolean, array, object',
    ],
    ['nothing', object({ a: { items: false } }), '/properties/a/items: allows no value'],
    [
      'another type of the graph',
      { 'x-graphql-type': 'Author' },
      '/x-graphql-type: is "Author"; only "JSON" can be asked for',
    ],
    [
      'a date of deprecation that is none',
      object({ a: { ...text, deprecated: true, 'x-removed-after': 'soon' } }),
      '/properties/a/x-removed-after: is "soon"; write a date such as "2027-01-31"',
    ],
  ])('%s', (_, schema, fault) => {
    expect(faults(schema)).toEqual([fault]);
  });
});

describe('names that GraphQL cannot have are refused', () => {
  it.each<[string, unknown, string]>([
    [
      'a property without letters',
      object({ 名前: text }),
      '/properties/名前: has a name of which no name of a field can be made; use letters a to z',
    ],
    [
      'two properties with one field',
      object({ 'first-name': text, firstName: text }),
      '/properties/firstName: gives the field firstName, as "first-name" does; rename one',
    ],
    [
      'a value without letters',
      { enum: ['>=', 'a'] },
      `/enum/0: is ">=", of which no name of an enum can be made; ${AS_JSON}`,
    ],
    [
      'two values with one name',
      { enum: ['a-b', 'a b'] },
      '/enum/1: is "a b", whose name A_B is that of "a-b"',
    ],
    [
      'an option without letters',
      {
        oneOf: ['+', 'b'].map((value) => object({ k: { const: value } }, { required: ['k'] })),
      },
      '/oneOf/0: is told by "+", of which no name can be made',
    ],
    [
      'a path that is a definition too',
      object(
        { author: object({ a: text }), editor: { $ref: '#/$defs/Author' } },
        { $defs: { Author: object({ b: text }) } },
      ),
      '/$defs/Author: gives a type of the same name as properties.author; rename one',
    ],
  ])('%s', (_, schema, fault) => {
    expect(faults(schema)).toContain(fault);
  });
});

describe('references that lead nowhere are refused', () => {
  const ref = ($ref: unknown) => ({ $ref, $defs: { Author: object({ a: text }) } });
  it.each<[unknown, string]>([
    [
      'https://example.com/author',
      'is "https://example.com/author"; only pointers into this schema are followed, such as "#/$defs/Author"',
    ],
    ['#author', 'is "#author"; only pointers into this schema are followed, such as "#/$defs/Author"'],
    ['#/$defs/Autor', 'is "#/$defs/Autor", where nothing stands'],
    ['#/$defs/__proto__', 'is "#/$defs/__proto__", where nothing stands'],
    ['#/$defs/%E0%A4%A', 'is "#/$defs/%E0%A4%A", where nothing stands'],
    ['#/$defs/Author/required', 'is "#/$defs/Author/required", where nothing stands'],
    [
      '#/$defs/Author/not/x',
      'is "#/$defs/Author/not/x", which leads into "not"; move what is shared into $defs',
    ],
    [5, 'is no text; write a pointer such as "#/$defs/Author"'],
  ])('%s', ($ref, message) => {
    expect(faults(ref($ref))).toEqual([`/$ref: ${message}`]);
  });

  it('and so are those into a union, whose options have no names of their own', () => {
    const option = (kind: string) => object({ kind: { const: kind } }, { required: ['kind'] });
    const schema = object({
      shape: { oneOf: [option('a'), option('b')] },
      other: { $ref: '#/properties/shape/oneOf/0' },
    });
    expect(faults(schema)).toEqual([
      '/properties/other/$ref: is "#/properties/shape/oneOf/0", which leads into a union; move what is shared into $defs',
    ]);
  });

  it('and so are circles, and what changes where references begin', () => {
    const circle = { $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } } };
    expect(faults(circle)).toEqual(['/$defs/a: leads back to itself with no object in between']);
    expect(faults({ allOf: [{ $ref: '#' }, object({ a: text })] })).toContain(
      '/: leads back to itself, so it says nothing',
    );
    expect(faults(object({ a: { ...text, $id: 'https://example.com/a' } }))).toEqual([
      '/properties/a/$id: makes a schema of its own inside the schema; leave it out',
    ]);
    expect(faults({ $dynamicRef: '#x' })).toEqual(['/$dynamicRef: is not followed; use $ref']);
  });
});

it('all faults are told at once, in one error', () => {
  const schema = object({ a: { type: 'text' }, b: object({ 'c-d': text, cD: text }) });
  expect(() => mapOutput(schema, 'T', scalars)).toThrow(MappingFaults);
  expect(() => mapOutput(schema, 'T', scalars)).toThrow(
    'properties.a.type is "text"; use string, integer, number, boolean, array, object; ' +
      'properties.b.properties.cD gives the field cD, as "c-d" does; rename one',
  );
});
