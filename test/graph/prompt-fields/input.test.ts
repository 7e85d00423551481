import { buildASTSchema, parse, printSchema } from 'graphql';
import { describe, expect, it } from 'vitest';
import { mapInput } from './support/map-input.ts';
import { faultsOf, inputOf, scalars } from './support/mapped.ts';

const text = { type: 'string' };
const ticket = {
  type: 'object',
  description: 'What somebody wrote to us.',
  required: ['title', 'opened-at', 'author', 'channel', 'parent'],
  properties: {
    title: text,
    'opened-at': { type: 'string', format: 'date-time' },
    author: { $ref: '#/$defs/Author' },
    channel: {
      oneOf: [
        { type: 'object', required: ['kind', 'to'], properties: { kind: { const: 'e-mail' }, to: text } },
        { type: 'object', required: ['kind'], properties: { kind: { const: 'phone' } } },
      ],
    },
    parent: { anyOf: [{ $ref: '#' }, { type: 'null' }] },
    urgency: { enum: ['low', 'very-high'], default: 'very-high' },
    count: { type: 'integer', minimum: 0, maximum: 9, default: 1, deprecated: true },
    meta: { type: 'object', default: { a: [1] } },
    note: { type: ['string', 'null'] },
  },
  $defs: { Author: { type: 'object', required: ['name'], properties: { name: text, 'e-mail': text } } },
};
const given = {
  title: 'Broken',
  openedAt: '2026-11-23T12:00:00+01:00',
  author: { name: 'Anna', eMail: 'a@example.com' },
  channel: { eMail: { to: 'us' } },
};
const value = {
  title: 'Broken',
  'opened-at': '2026-11-23T11:00:00.000Z',
  author: { name: 'Anna', 'e-mail': 'a@example.com' },
  channel: { kind: 'e-mail', to: 'us' },
  parent: null,
  urgency: 'very-high',
  count: 1,
  meta: { a: [1] },
};

describe('an input type', () => {
  it('asks for what the schema requires, with its defaults', () => {
    const { sdl, typeNames } = inputOf(ticket, 'SummarizeTicketTicket');
    expect(sdl.slice(sdl.indexOf('input'))).toBe(`input SummarizeTicketTicketAuthorInput {
  eMail: String
  name: String!
}

input SummarizeTicketTicketChannelEMailInput {
  """Always "e-mail"."""
  kind: String! = "e-mail"
  to: String!
}

input SummarizeTicketTicketChannelInput @oneOf {
  eMail: SummarizeTicketTicketChannelEMailInput
  phone: SummarizeTicketTicketChannelPhoneInput
}

input SummarizeTicketTicketChannelPhoneInput {
  """Always "phone"."""
  kind: String! = "phone"
}

"""What somebody wrote to us."""
input SummarizeTicketTicketInput {
  author: SummarizeTicketTicketAuthorInput!
  channel: SummarizeTicketTicketChannelInput!
  count: Int! = 1 @deprecated(reason: "Deprecated.")
  meta: JSON
  note: String
  openedAt: DateTime!
  parent: SummarizeTicketTicketInput
  title: String!
  urgency: SummarizeTicketTicketUrgencyInput! = VERY_HIGH
}

enum SummarizeTicketTicketUrgencyInput {
  LOW
  VERY_HIGH
}`);
    expect(typeNames).toEqual(
      expect.arrayContaining(['SummarizeTicketTicketInput', 'SummarizeTicketTicketAuthorInput']),
    );
  });

  it('gives the value that the schema describes', () => {
    expect(inputOf(ticket).take(given)).toEqual(value);
  });

  it('takes null only where the schema does', () => {
    const { take } = inputOf(ticket);
    expect(take({ ...given, note: null, parent: { ...given, note: 'x' } })).toEqual({
      ...value,
      note: null,
      parent: { ...value, note: 'x' },
    });
    // GraphQL takes null for whatever need not be given.
    expect(take({ ...given, author: { name: 'Anna', eMail: null } })).toEqual({
      ...value,
      author: { name: 'Anna' },
    });
  });

  it('takes an option by its key, whatever else is said', () => {
    const { take } = inputOf(ticket);
    expect(take({ ...given, channel: { phone: {} } })).toEqual({ ...value, channel: { kind: 'phone' } });
    expect(take({ ...given, channel: { phone: { kind: 'e-mail' } } })).toEqual({
      ...value,
      channel: { kind: 'phone' },
    });
    expect(() => take({ ...given, channel: { phone: {}, eMail: { to: 'x' } } })).toThrow(/phone|Exactly one/);
  });

  it('may be a list, an enum or null', () => {
    expect(inputOf({ items: { enum: ['a-b', 'c'] } }).take(['A_B', 'C'])).toEqual(['a-b', 'c']);
    expect(inputOf({ enum: ['a-b', 'c'] }).take('C')).toBe('c');
    expect(inputOf({ type: ['string', 'null'] }).take(null)).toBeNull();
  });

  it('has defaults of every form that GraphQL can print', () => {
    const { properties } = ticket;
    const schema = {
      ...ticket,
      properties: {
        channel: { ...properties.channel, default: { kind: 'e-mail', to: 'x' } },
        'opened-at': { ...properties['opened-at'], default: '2026-01-01T00:00:00Z' },
        tags: { items: properties.urgency, default: ['low'] },
        author: { ...properties.author, default: { name: 'A', 'e-mail': 'b' } },
        note: { ...properties.note, default: null },
        any: { default: 'x' },
      },
    };
    const { graph, take } = inputOf(schema);
    const printed = printSchema(graph);
    expect(printed).toContain('channel: TChannelInput! = {eMail: {kind: "e-mail", to: "x"}}');
    expect(printed).toContain('openedAt: DateTime! = "2026-01-01T00:00:00.000Z"');
    expect(printed).toContain('tags: [TTagsItemInput!]! = [LOW]');
    expect(printed).toContain('author: TAuthorInput! = {name: "A", eMail: "b"}');
    expect(printed).toContain('note: String = null');
    expect(printed).toContain('any: JSON = "x"');
    expect(() => buildASTSchema(parse(printed))).not.toThrow();
    expect(take({})).toEqual({
      channel: { kind: 'e-mail', to: 'x' },
      'opened-at': '2026-01-01T00:00:00.000Z',
      tags: ['low'],
      author: { name: 'A', 'e-mail': 'b' },
      note: null,
      any: 'x',
      parent: undefined,
    });
  });

  it('tells of a deprecation in words where GraphQL lets nobody deprecate', () => {
    const schema = { type: 'object', required: ['a'], properties: { a: { ...text, deprecated: true } } };
    expect(inputOf(schema).sdl).toContain('"""Deprecated."""\n  a: String!\n');
  });

  it('may need objects of its own kind where a default stands for them', () => {
    const schema = { type: 'object', properties: { a: { $ref: '#', default: {} }, b: text } };
    expect(inputOf(schema).sdl).toContain('a: TInput = {}');
  });
});

describe('refused is', () => {
  const faults = (schema: unknown) => faultsOf(() => mapInput(schema, 'T', scalars));
  it.each([
    [{ type: 'integer', default: '5' }, '"5"'],
    [{ enum: ['a', 'b'], default: 'c' }, '"c"'],
    [{ items: text, default: [1] }, '[1]'],
    [{ ...text, default: null }, 'null'],
    [{ ...text, format: 'date-time', default: 'today' }, '"today"'],
    [{ type: 'object', required: ['x'], properties: { x: text }, default: {} }, '{}'],
    [{ ...ticket.properties.channel, default: { kind: 'fax' } }, '{"kind":"fax"}'],
  ])('a default that does not meet the schema: %j', (schema, shown) => {
    expect(faults({ type: 'object', properties: { a: schema } })).toEqual([
      `/properties/a/default: is ${shown}, which does not meet the schema beside it`,
    ]);
  });

  it('a union whose options would give one field', () => {
    const option = (kind: string) => ({
      type: 'object',
      required: ['k'],
      properties: { k: { const: kind } },
    });
    const schema = {
      oneOf: [{ $ref: '#/$defs/One' }, { $ref: '#/$defs/Two' }],
      $defs: { One: option('a-b'), Two: option('aB') },
    };
    expect(faults(schema)).toContain('/: has options "a-b" and "aB", which give the same field aB');
  });

  it('whatever is refused as an output', () => {
    expect(faults({ type: ['string', 'number'] })[0]).toContain('/type: is ["string","number"]');
  });
});
