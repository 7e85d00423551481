import { describe, expect, it, test } from 'vitest';
import { compilePrompt } from '../../../src/prompts/template/template.ts';
import { compile, faultsOf, variable } from './support.ts';

const at = (line: number, column: number, message: string) => [
  { path: ['messages', '0', 'template'], line, column, message: expect.stringContaining(message) as string },
];

describe('a fault has its line and its column', () => {
  test.each([
    ['a\n{{ name | upcse }}', at(2, 1, 'there is no filter "upcse"; did you mean "upcase"?')],
    ['{% wen x %}', at(1, 1, 'there is no tag "wen"; there are assign')],
    ['one\n two {{ name', at(2, 6, 'not closed')],
    ['x {% if a %} y', at(1, 3, 'tag {% if a %} not closed')],
    ['{% endif %}', at(1, 1, '"endif" belongs to no block that is open here')],
    ['{{ a b }}', at(1, 6, 'no expression')],
    ['{{ a, b }}', at(1, 5, '", b" has no meaning here')],
    ['{% if a = b %}{% endif %}', at(1, 10, 'expected "|" before filter')],
    ['{% for x in y lmit: 2 %}{% endfor %}', at(1, 1, '"lmit" has no meaning in "for"')],
    ['{{ a | append }}', at(1, 8, 'the filter append takes 1 argument; 0 given')],
    [
      '{{ a | replace: "x", with: "y" }}',
      at(1, 8, 'no argument called "with"').concat(at(1, 8, 'takes 2 arguments; 1 given')),
    ],
    ['{{ user-name }}', at(1, 4, '"user-name" is no name of a variable')],
    ['{{ run }}', at(1, 4, '"run" is a word with a meaning of its own')],
    ['{% assign forloop = 1 %}', at(1, 1, '"forloop" is a word with a meaning of its own')],
    ['{% case a %}{% when b %}{% endcase %}', at(1, 21, 'after "when" stands a text')],
    ['{% render "x" %}', at(1, 1, 'there is no partial "x"')],
    ['{% render x %}', at(1, 1, 'a partial is named by a quoted text')],
    ['{% render "row" for xs %}', at(1, 1, 'name the member').concat()],
    [
      '{{#if x}}yes{{/if}}',
      at(1, 3, 'a condition as {% if name %}').concat(at(1, 15, 'write a value as {{ name }}')),
    ],
    ['{{{ name }}}', at(1, 3, 'write a value as {{ name }}')],
  ])('%s', (template, expected) => {
    expect(faultsOf(() => compile(template, { partials: { row: '{{ name }}' } }))).toEqual(expected);
  });

  it('and all are told at once, of all messages and partials', () => {
    const faults = faultsOf(() =>
      compilePrompt({
        messages: [
          { role: 'SYSTEM', template: '{{ a | no }} {{ b | nope }}' },
          { role: 'USER', template: 'x\ny {% render "gone" %}' },
        ],
        partials: { sign: { template: '\n\n{{ | }}' } },
      }),
    );
    expect(faults.map(({ path, line, column }) => [path.join('.'), line, column])).toEqual([
      ['partials.sign', 3, 4],
      ['messages.0.template', 1, 1],
      ['messages.0.template', 1, 14],
      ['messages.1.template', 2, 3],
    ]);
  });

  it('and is not followed by those that it brings about', () => {
    expect(faultsOf(() => compile('{% if a | no %}x{% else %}y{% endif %}'))).toHaveLength(1);
  });
});

describe('a declared variable', () => {
  test.each([
    [
      'STRING',
      'a {% for x in v %}{% endfor %}',
      'v is a variable of type STRING, and is used in a loop here',
      15,
    ],
    ['STRING', '{{ v.title }}', 'of type STRING, and is used as an object with members here', 6],
    ['STRING', '{{ v | plus: 1 }}', 'of type STRING, and is used as a number here', 8],
    ['NUMBER', '{{ v | join }}', 'of type NUMBER, and is used as a list here', 8],
    ['LIST', '{{ v | upcase }}', 'of type LIST, and is used as a text here', 8],
    ['OBJECT', '{{ v | first }}', 'of type OBJECT, and is used as a list here', 8],
    ['IMAGE', '{{ v | append: "x" }}', 'an IMAGE can only be written alone', 8],
    ['IMAGE', '{{ "x" | append: v }}', 'an IMAGE can only be written alone', 18],
    ['IMAGE', '{% capture x %}{{ v }}{% endcapture %}', 'an IMAGE cannot be captured', 16],
  ] as const)('of type %s cannot be used as in %s', (type, template, message, column) => {
    const faults = faultsOf(() => compile(template, { variables: [variable('v', { type })] }));
    expect(faults).toContainEqual(at(1, column, message)[0]);
  });

  it('of type IMAGE stands in messages of role USER only, also through partials', () => {
    const variables = [variable('v', { type: 'IMAGE' })];
    const given = { variables, role: 'SYSTEM', partials: { p: '{{ v }}' } } as const;
    expect(faultsOf(() => compile('{% render "p" %}', given))).toEqual([
      {
        path: ['partials', 'p'],
        line: 1,
        column: 1,
        message: expect.stringContaining('of role SYSTEM') as string,
      },
    ]);
  });

  it('must be used', () => {
    expect(faultsOf(() => compile('{{ a }}', { variables: [variable('a'), variable('b')] }))).toEqual([
      { path: ['variables', '1', 'name'], line: 0, column: 0, message: 'no template uses "b"' },
    ]);
  });

  it('with a schema has the members that its schema lists', () => {
    const schema = { type: 'object', properties: { title: { type: 'string' }, tags: { type: 'array' } } };
    const variables = [variable('v', { type: 'OBJECT', schema })];
    const template = '{{ v.titel }}{% for t in v.title %}{% endfor %}{{ v.tags | join }}';
    expect(faultsOf(() => compile(template, { variables })).map(({ message }) => message)).toEqual([
      'v.titel is no member that the schema of the variable knows',
      'v.title is a variable of type STRING, and is used in a loop here',
    ]);
    const open = [variable('v', { type: 'OBJECT', schema: { ...schema, additionalProperties: true } })];
    expect(faultsOf(() => compile('{{ v.titel }}', { variables: open }))).toEqual([]);
  });
});
