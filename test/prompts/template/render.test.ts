import { describe, expect, it, test } from 'vitest';
import { compilePrompt, listPartials } from '../../../src/prompts/template/template.ts';
import { compile, render, variable, write } from './support.ts';

const photo = variable('photo', { type: 'IMAGE' });
const url = 'https://example.com/cat.png';

describe('text', () => {
  test.each([
    ['Hello {{name}}!', { name: 'Ada' }, 'Hello Ada!'],
    ['{{ ticket.title | upcase }}', { ticket: { title: 'late' } }, 'LATE'],
    ['{% for i in (1..count) %}{{ i }},{% endfor %}', { count: 3 }, '1,2,3,'],
    [
      '{% for tag in tags %}{{ forloop.index }}. {{ tag }}\n{% endfor %}',
      { tags: ['a', 'b'] },
      '1. a\n2. b\n',
    ],
    ['{% if vip %}Hurry.{% else %}Wait.{% endif %}', { vip: false }, 'Wait.'],
    ['{% case mood %}{% when "bad" %}Sorry.{% else %}Hi.{% endcase %}', { mood: 'bad' }, 'Sorry.'],
    ['{{ tone | default: "kind" }}{% if tone %}{{ tone }}{% endif %}!', {}, 'kind!'],
    ['{% assign who = name | strip %}{{ who }}', { name: ' Ada ' }, 'Ada'],
    ['{% capture who %}Dr {{ name }}{% endcapture %}{{ who | size }}', { name: 'Ada' }, '6'],
    [
      '{{ people | where: "on" | map: "name" | join: ", " }}',
      { people: [{ name: 'A', on: true }, { name: 'B' }] },
      'A',
    ],
    ['{{ 0 | date: "%Y-%m-%d %H:%M" }}', {}, '1970-01-01 00:00'],
    ['{% raw %}{{ name }}{% endraw %}', {}, '{{ name }}'],
    ['Use {"a": {"b": {{ n }}}}', { n: 1.5 }, 'Use {"a": {"b": 1.5}}'],
  ])('%s', (template, values, expected) => {
    expect(write(template, values)).toBe(expected);
  });

  it('writes lists and objects as JSON, wherever they stand', () => {
    const values = { list: ['a', { b: 1 }] };
    expect(write('{{ list }}', values)).toBe('["a",{"b":1}]');
    expect(write('{% capture all %}{{ list }}{% endcapture %}{{ all }}', values)).toBe('["a",{"b":1}]');
    expect(write('{{ list | join: "; " }}', values)).toBe('a; {"b":1}');
    expect(write('{{ list | last | json: 2 }}', values)).toBe('{\n  "b": 1\n}');
  });

  it('keeps white space, unless a template takes it away', () => {
    expect(write('  {% if on %}\n yes {% endif %}\n', { on: true })).toBe('  \n yes \n');
    expect(write('  {%- if on -%}\n yes {%- endif -%}\n', { on: true })).toBe('yes');
  });

  it('never reads a value as a template', () => {
    const name = '{{ secret }}{% assign x = 1 %}{% raw %}';
    expect(write('Hello {{ name }}{{ secret }}', { name, secret: '!' })).toBe(`Hello ${name}!`);
    const partials = { greet: '{{ who }}' };
    expect(write('{% render "greet", who: name %}', { name }, { partials })).toBe(name);
  });

  it('leaves out a message that comes out empty, and refuses a prompt that has nothing to say', () => {
    const compiled = compilePrompt({
      messages: [
        { role: 'SYSTEM', template: '{% if rules %}{{ rules }}{% endif %} \n' },
        { role: 'USER', template: '{{ question }}' },
      ],
      partials: {},
    });
    expect(compiled.render({ question: 'Why?' })).toEqual([
      { role: 'USER', parts: [{ type: 'text', text: 'Why?' }] },
    ]);
    expect(() => compiled.render({ question: '' })).toThrow('nothing to say');
  });

  it('tells where a value is missing that the templates cannot do without', () => {
    const compiled = compile('Hi,\n {{ ticket.title }}');
    expect(() => compiled.render({ ticket: {} })).toThrow(
      expect.objectContaining({
        code: 'INVALID_INPUT',
        issues: [
          {
            path: ['messages', '0', 'template'],
            message:
              'messages.0.template, line 2, column 5: "ticket.title" has no value; give it one, or write {{ ticket.title | default: "…" }}',
          },
        ],
      }),
    );
  });

  it('names no value when it fails', () => {
    const compiled = compile('{{ table[secret] }}{{ secret | url_encode }}');
    for (const table of [{}, { 'hush \uD800': 1 }]) {
      const failing = () => compiled.render({ table, secret: 'hush \uD800' });
      expect(failing).toThrow('messages.0.template, line 1');
      expect(failing).not.toThrow('hush');
    }
  });

  it('stops for an abort', () => {
    expect(() => compile('x').render({}, AbortSignal.abort(new Error('gone')))).toThrow('gone');
  });

  it('is compiled once and never changes', () => {
    const compiled = compile(
      '{% assign name = name | upcase %}{{ name }}{% for i in (1..n) %}{{ i }}{% endfor %}',
    );
    const values = Object.freeze({ name: 'ada', n: 2 });
    expect(compiled.render(values)).toEqual(compiled.render(values));
    expect(Object.isFrozen(compiled)).toBe(true);
  });
});

describe('partials', () => {
  it('see the variables of the prompt and what they are given, and no other names', () => {
    const partials = { sign: '{{ greeting }}, {{ name }} of {{ team }}' };
    const template = '{% assign team = "X" %}{% render "sign", greeting: "Bye" %}';
    expect(write(template, { name: 'Ada', team: 'Y' }, { partials })).toBe('Bye, Ada of Y');
  });

  it('are rendered with a value, and for each member of a list', () => {
    const partials = { row: '[{{ item.id }}]', one: '({{ one }})' };
    const template = '{% render "row" for items as item %}{% render "one" with name %}';
    expect(write(template, { items: [{ id: 1 }, { id: 2 }], name: 'A' }, { partials })).toBe('[1][2](A)');
  });

  it('are listed without compiling', () => {
    expect(
      listPartials(`{% render 'a' %}{%- render "b-c", x: 1 -%}{% if x %}{% render 'a' %}{% endif %}`),
    ).toEqual(['a', 'b-c']);
    expect(
      listPartials(`{% comment %}{% render 'a' %}{% endcomment %}{% raw %}{% render 'b' %}{% endraw %}`),
    ).toEqual([]);
    expect(listPartials('{% render name %}{{ open')).toEqual([]);
  });
});

describe('images', () => {
  const image = { type: 'image', url };

  it('stand as parts where the template names them', () => {
    const partials = { show: 'This: {{ it }}' };
    const template =
      'Before {{ photo }} after{% for i in (1..2) %}\n{{ photo }}{% endfor %}{% render "show", it: photo %}';
    const [message] = render(template, { values: { photo: url }, variables: [photo], partials });
    expect(message!.parts).toEqual([
      { type: 'text', text: 'Before ' },
      image,
      { type: 'text', text: ' after\n' },
      image,
      image,
      { type: 'text', text: 'This: ' },
      image,
    ]);
  });

  it('may be missing where they need not be there', () => {
    const given = { variables: [{ ...photo, required: false }] };
    expect(write('Look{% if photo %} at {{ photo }}{% endif %}', {}, given)).toBe('Look');
    expect(write('Look{% if photo %} at {{ photo }}{% endif %}', { photo: url }, given)).toBe(
      'Look at <image>',
    );
  });

  it('are only a text where no one declared them', () => {
    expect(write('{{ photo }}', { photo: url })).toBe(url);
  });
});
