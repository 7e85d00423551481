import { describe, expect, it } from 'vitest';
import { mapOutput } from '../../../src/graph/prompt-fields/map-output.ts';
import { mapInput } from './support/map-input.ts';
import { faultsOf, scalars } from './support/mapped.ts';

const faults = (schema: unknown) => faultsOf(() => mapOutput(schema, 'T', scalars));
const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, at) => make(at));
const text = { type: 'string' };
const nest = (levels: number, wrap: (inner: unknown) => unknown) =>
  times(levels, () => wrap).reduce<unknown>((inner, each) => each(inner), text);
/** Definitions, each made of a reference to the next. */
const chain = (length: number, link: (next: { $ref: string }) => unknown) => ({
  $ref: '#/$defs/d0',
  $defs: Object.fromEntries([
    ...times(length, (index) => [`d${index}`, link({ $ref: `#/$defs/d${index + 1}` })]),
    [`d${length}`, { type: 'object', properties: { a: text } }],
  ]),
});

describe('a schema that is meant to do harm is refused', () => {
  it.each<[string, unknown, string]>([
    [
      '100,000 members',
      { type: 'object', properties: Object.fromEntries(times(100_000, (at) => [`p${at}`, text])) },
      '/properties: holds 100000 members; at most 2000 fit',
    ],
    [
      'members upon members by a union',
      {
        type: 'object',
        properties: Object.fromEntries(times(1_500, (at) => [`p${at}`, text])),
        required: ['kind'],
        oneOf: times(4, (at) => ({ properties: { kind: { const: `k${at}` } } })),
      },
      '/oneOf/1: brings the schema to 3002 members; at most 2000 fit',
    ],
    ['100,000 values', { enum: times(100_000, String) }, '/enum: holds 100000 values; at most 500 fit'],
    [
      '501 values as options',
      { oneOf: times(501, (at) => ({ const: `v${at}` })) },
      '/: allows 501 values; at most 500 fit',
    ],
    [
      'more types than anybody needs',
      {
        type: 'object',
        properties: Object.fromEntries(
          times(300, (at) => [`p${at}`, { type: 'object', properties: { a: text } }]),
        ),
      },
      '/: needs more than 200 types',
    ],
    [
      '100,000 levels',
      nest(100_000, (inner) => ({ type: 'object', properties: { a: inner } })),
      '/: is nested deeper than 200 levels',
    ],
    [
      'a union of a union of a union …',
      nest(80, (inner) => ({ anyOf: [inner, { type: 'null' }] })),
      `${'/anyOf/0'.repeat(65)}: is reached through more than 64 schemas that only lead on`,
    ],
    [
      '20 levels of lists',
      nest(20, (inner) => ({ items: inner })),
      `${'/items'.repeat(17)}: stands deeper than 16 levels; move a part into $defs`,
    ],
    [
      'a reference to a reference to a reference …',
      chain(10_000, (next) => next),
      '/$defs/d64: is reached through more than 64 schemas that only lead on',
    ],
    [
      'a list of a list of a list …',
      chain(10_000, (next) => ({ items: next })),
      '/$defs/d32: is reached through more than 64 schemas that only lead on',
    ],
    [
      'parts of parts of parts …',
      chain(10_000, (next) => ({ properties: { a: text }, allOf: [next] })),
      '/$defs/d32/allOf/0: is reached through more than 64 schemas that only lead on',
    ],
    [
      'options that double with each reference',
      chain(40, (next) => ({ anyOf: [next, next] })),
      '/$defs/d38: is where the schema turned out to be too involved: 20001 steps',
    ],
  ])('%s', (_, schema, fault) => {
    expect(faults(schema)).toEqual([fault]);
  });

  it('parts that double with each reference are looked at once', () => {
    expect(faults(chain(20, (next) => ({ allOf: [next, next] })))).toEqual([]);
  });

  it.each([
    null,
    5,
    'x',
    [],
    false,
    { type: 5 },
    { type: [5] },
    { properties: 5 },
    { type: 'object', properties: [] },
    { enum: 5 },
    { enum: [] },
    { items: 5 },
    { properties: { a: null } },
    { oneOf: 5 },
    { oneOf: [] },
    { oneOf: [5] },
    { allOf: 5 },
    { allOf: [5] },
    { $ref: {} },
    { $ref: '#/allOf/x', allOf: [] },
  ])('what is no schema: %j', (schema) => {
    expect(faults(schema)).not.toEqual([]);
    expect(faultsOf(() => mapInput(schema, 'T', scalars))).not.toEqual([]);
  });

  it('keywords that are no use are left alone', () => {
    const schema = {
      type: 'string',
      description: 5,
      format: 5,
      title: [],
      required: 5,
      discriminator: 5,
      default: {},
    };
    expect(faults({ type: 'object', properties: { a: schema }, required: [5, '__proto__', 'b'] })).toEqual(
      [],
    );
  });
});
