import { describe, expect, it, test } from 'vitest';
import { mergeVariables } from '../../../src/prompts/template/merge.ts';
import { compile, faultsOf, variable } from './support.ts';

/** `name:TYPE`, with a question mark for an optional one, and its schema without required members. */
function inferred(template: string, partials?: Record<string, string>): string[] {
  return compile(template, partials && { partials }).variables.map(
    ({ name, type, optional }) => `${name}${optional ? '?' : ''}:${type}`,
  );
}

describe('the type of a variable follows from its use', () => {
  test.each([
    ['{{ a }}', ['a:ANY']],
    ['{{ a | upcase }}', ['a:STRING']],
    ['{{ a | append: b }}', ['a:STRING', 'b:STRING']],
    ['{{ a | plus: b }}', ['a:NUMBER', 'b:NUMBER']],
    ['{{ a | truncate: n }}', ['a:STRING', 'n:NUMBER']],
    ['{% if a > 5 %}{{ a }}{% endif %}', ['a?:NUMBER']],
    ['{% if a == "x" %}{% endif %}', ['a?:STRING']],
    ['{% if a == true %}{% endif %}', ['a?:BOOLEAN']],
    ['{% case a %}{% when 1 %}{% endcase %}', ['a?:NUMBER']],
    ['{% if a %}{% endif %}{% unless b and c %}{% endunless %}', ['a?:BOOLEAN', 'b?:BOOLEAN', 'c?:BOOLEAN']],
    ['{% for x in a limit: n %}{{ x }}{% endfor %}', ['a:LIST', 'n:NUMBER']],
    ['{% for x in (1..n) %}{% endfor %}', ['n:NUMBER']],
    ['{{ a | join: b }}{{ c | size }}', ['a:LIST', 'b:STRING', 'c:ANY']],
    ['{{ a[0] }}{{ b.first }}{{ c.size }}', ['a:LIST', 'b:LIST', 'c:ANY']],
    ['{{ a.b }}', ['a:OBJECT']],
    ['{% for pair in a %}{{ pair[0] }}{% endfor %}{{ a.b }}', ['a:OBJECT']],
    ['{{ a | default: 5 }}{{ b | default: "x" }}', ['a?:NUMBER', 'b?:STRING']],
    ['{% assign b = a %}{{ b.c }}', ['a:OBJECT']],
    ['{% assign b = "x" %}{{ b }}{% capture c %}{{ a }}{% endcapture %}{{ c }}', ['a:ANY']],
    ['{{ b }}{% assign b = "x" %}', ['b:ANY']],
    ['{% comment %}{{ a }}{% endcomment %}{% raw %}{{ b }}{% endraw %}', []],
  ])('%s', (template, expected) => {
    expect(inferred(template)).toEqual(expected);
  });
});

describe('a variable is optional', () => {
  test.each([
    ['{% if a %}{{ a }}{% endif %}', true],
    ['{% if a.b %}{{ a.b | upcase }}{% endif %}', true],
    ['{% if a != blank and b %}{{ a }}{% endif %}', true],
    ['{% if a %}{% else %}{{ a }}{% endif %}', false],
    ['{% if a or b %}{{ a }}{% endif %}', false],
    ['{% if a == blank %}{{ a }}{% endif %}', false],
    ['{% unless a %}{{ a }}{% endunless %}', false],
    ['{% if a %}{{ a }}{% endif %}{{ a }}', false],
  ])('in %s: %s', (template, expected) => {
    expect(compile(template).variables[0]).toMatchObject({ name: 'a', optional: expected });
  });
});

it('finds the members of objects and lists, through loops, filters and partials', () => {
  const partials = { row: '{{ it.author }}: {{ it.votes | plus: 1 }}{% if it.pinned %}!{% endif %}' };
  const template = `{{ ticket.title }}{% for c in ticket.comments %}{% render 'row', it: c %}{% endfor %}
    {% assign top = ticket.comments | sort: 'score' | first %}{{ top.text }}`;
  expect(compile(template, { partials }).variables).toEqual([
    {
      name: 'ticket',
      type: 'OBJECT',
      optional: false,
      schema: {
        type: 'object',
        required: ['title', 'comments'],
        properties: {
          title: {},
          comments: {
            type: 'array',
            items: {
              type: 'object',
              required: ['author', 'votes', 'text'],
              properties: {
                author: {},
                votes: { type: 'number' },
                pinned: { type: 'boolean' },
                score: {},
                text: {},
              },
            },
          },
        },
      },
    },
  ]);
});

it('tells two uses that contradict each other', () => {
  expect(faultsOf(() => compile('{{ a.b }}\n{{ a | upcase }}'))).toEqual([
    {
      path: ['messages', '0', 'template'],
      line: 2,
      column: 8,
      message: 'a is used as a text here, and as an object with members elsewhere',
    },
  ]);
});

describe('merging', () => {
  it('keeps what is declared, and declares what is used besides', () => {
    const declared = [variable('a', { type: 'IMAGE', description: 'A picture.' })];
    const { variables } = compile('{{ a }}{{ b }}{% if c %}{% endif %}{{ d.e }}', { variables: declared });
    expect(mergeVariables(variables, declared)).toEqual([
      declared[0],
      variable('b'),
      variable('c', { type: 'BOOLEAN', required: false }),
      variable('d', {
        type: 'OBJECT',
        schema: { type: 'object', properties: { e: { type: 'string' } }, required: ['e'] },
      }),
    ]);
  });
});
