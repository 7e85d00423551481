import { describe, expect, it } from 'vitest';
import { readPartial } from '../../../src/graph/prompt-fields/read-partial.ts';
import { ask, outputOf } from './support/mapped.ts';

const schema = {
  type: 'object',
  required: ['title', 'urgency', 'author', 'tags', 'shape'],
  properties: {
    title: { type: 'string', maxLength: 20 },
    urgency: { enum: ['low', 'lowest'] },
    count: { type: 'integer', minimum: 1 },
    code: { type: 'string', pattern: '^[A-Z]+$' },
    at: { type: 'string', format: 'date-time' },
    author: { type: 'object', required: ['name'], properties: { name: { type: 'string' } } },
    tags: { type: 'array', items: { type: 'string' } },
    note: { type: ['string', 'null'] },
    free: { type: 'object' },
    shape: {
      oneOf: ['circle', 'circles'].map((kind) => ({
        type: 'object',
        required: ['kind'],
        properties: { size: { type: 'number' }, kind: { const: kind } },
      })),
    },
  },
};
const { toPartial, graph } = outputOf(schema, 'SummarizeTicket');

describe('of an answer that has not come to its end', () => {
  it.each<[string, unknown]>([
    ['', undefined],
    [' ', undefined],
    ['{', {}],
    ['{"ti', {}],
    ['{"title', {}],
    ['{"title":', {}],
    ['{"title":"', { title: '' }],
    ['{"title":"Bro', { title: 'Bro' }],
    ['{"title":"Bro\\', { title: 'Bro' }],
    ['{"title":"Bro\\\\', { title: 'Bro\\' }],
    ['{"title":"Bro\\u00', { title: 'Bro' }],
    ['{"title":"Bro\\\\u00', { title: 'Bro\\u00' }],
    ['{"title":"\\ud83d', { title: '' }],
    ['{"title":"\\ud83d\\ude00', { title: '😀' }],
    ['{"title":"Broken",', { title: 'Broken' }],
    ['{"title":"Broken","', { title: 'Broken' }],
    ['{"title":"{[,:', { title: '{[,:' }],
    ['{"urgency":"low', {}],
    ['{"urgency":"low"', { urgency: 'low' }],
    ['{"urgency":"lowest"', { urgency: 'lowest' }],
    ['{"count":1', {}],
    ['{"count":12,', { count: 12 }],
    ['{"count":12}', { count: 12 }],
    ['{"at":"2026-01-01T00:00:00Z', {}],
    ['{"at":"2026-01-01T00:00:00Z"', { at: '2026-01-01T00:00:00Z' }],
    ['{"author":', {}],
    ['{"author":{', { author: {} }],
    ['{"author":{"name":"A', { author: { name: 'A' } }],
    ['{"tags":[', { tags: [] }],
    ['{"tags":["a","b', { tags: ['a', 'b'] }],
    ['{"note":nul', {}],
    ['{"note":null', {}],
    ['{"note":null,', { note: null }],
    ['{"free":{"a":{"b":["c', { free: { a: { b: ['c'] } } }],
    ['{"shape":{"size":2,', {}],
    ['{"shape":{"size":2,"kind":"circle', {}],
    ['{"shape":{"size":2,"kind":"circle"', { shape: { size: 2, kind: 'circle' } }],
    ['{"other":{"a":1},"title":"x', { title: 'x' }],
  ])('%s shows what is sure', (text, shown) => {
    expect(toPartial(text)).toEqual(shown);
  });

  it.each<[string, unknown]>([
    ['{"count":"many","title":"x"', { title: 'x' }],
    ['{"count":0,"title":"x"', { title: 'x' }],
    ['{"count":1.5,"title":"x"', { title: 'x' }],
    ['{"urgency":"high","title":"x"', { title: 'x' }],
    ['{"title":null,"note":"x"', { note: 'x' }],
    ['{"title":"more than twenty characters', {}],
    ['{"code":"ab', { code: 'ab' }],
    ['{"code":"ab"', {}],
    ['{"at":"today"', {}],
    ['{"author":"Anna","title":"x', { title: 'x' }],
    ['{"tags":["a",5,null,"b"', { tags: ['a', 'b'] }],
    ['{"free":[],"title":"x', { title: 'x' }],
    ['{"shape":{"kind":"line"},"title":"x', { title: 'x' }],
    ['{"__proto__":{"title":"x"}', {}],
    ['[]', undefined],
    ['"x', undefined],
    ['{"title":"x",,', undefined],
    ['{"title":"x"}}}', undefined],
    ['Here you are: {"title":"x"', undefined],
  ])('%s shows nothing that does not meet the schema', (text, shown) => {
    expect(toPartial(text)).toEqual(shown);
  });

  it('everything may be missing in the graph, and what is there is as in the result', () => {
    const { value, errors } = ask(
      graph,
      'partial',
      '{"urgency":"low","at":"2026-01-01T02:00:00+02:00","shape":{"kind":"circle"',
      1,
    );
    expect(errors).toBeUndefined();
    expect(value).toMatchObject({
      SummarizeTicketPartial__title: null,
      SummarizeTicketPartial__urgency: 'LOW',
      SummarizeTicketPartial__at: '2026-01-01T00:00:00.000Z',
      SummarizeTicketPartial__shape: { __typename: 'SummarizeTicketPartialShapeCircle' },
    });
  });
});

describe('an answer that is no object', () => {
  it.each<[object, string, unknown]>([
    [{ type: 'string' }, '"hel', 'hel'],
    [{ type: 'number' }, '12', undefined],
    [{ enum: ['a', 'ab'] }, '"a', undefined],
    [{ enum: ['a', 'ab'] }, '"a"', 'a'],
    [{ items: { enum: ['a', 'ab'] } }, '["ab","a', ['ab']],
    [{ items: { items: { type: 'integer' } } }, '[[1,2],[3', [[1, 2], []]],
  ])('%j: %s', (plain, text, shown) => {
    expect(outputOf(plain).toPartial(text)).toEqual(shown);
  });
});

describe('a text that is meant to do harm', () => {
  it.each<[string, string]>([
    ['brackets', '['.repeat(262_000)],
    ['objects', '{"a":'.repeat(50_000)],
    ['more than fits', `{"title":"${'x'.repeat(262_144)}`],
    ['quotes', '"'.repeat(262_000)],
    ['commas', `[${','.repeat(262_000)}`],
    ['closers', ']'.repeat(262_000)],
  ])('gives nothing: %s', (_, text) => {
    expect(readPartial(text)).toBeUndefined();
    expect(toPartial(text)).toBeUndefined();
  });

  it('may consist of backslashes', () => {
    expect(readPartial(`"${'\\'.repeat(200_000)}`)).toHaveLength(100_001);
  });
});
