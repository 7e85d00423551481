import { describe, expect, it, test } from 'vitest';
import { InvalidInput } from '../../../src/domain/errors.ts';
import { compile, faultsOf, render, variable } from './support.ts';

const chain = (count: number, text: (next: string) => string) => ({
  ...Object.fromEntries(Array.from({ length: count }, (_, index) => [`p${index}`, text(`p${index + 1}`)])),
  [`p${count}`]: 'x',
});

describe('a template is refused when it is read', () => {
  const table: [string, string, string, Record<string, string>?][] = [
    ['a megabyte of {{', '{{'.repeat(500_000), 'at most 64,000 are taken'],
    ['64 kB of {{', '{{'.repeat(32_000), 'line 1'],
    ['a million nested ifs', '{% if a %}'.repeat(1_000_000), 'at most 64,000 are taken'],
    ['six thousand nested ifs', '{% if a %}'.repeat(6_000), 'more than 32 blocks'],
    [
      'nested ifs that are closed',
      `${'{% if a %}'.repeat(33)}${'{% endif %}'.repeat(33)}`,
      'more than 32 blocks',
    ],
    ['brackets in brackets', `{{ ${'a['.repeat(20_000)} }}`, 'more than 16 deep'],
    ['brackets behind a quote', `{{ "\\"" | append: ${'a['.repeat(15_000)} }}`, 'more than 16 deep'],
    ['a condition of ten thousand', `{{ ${'a and '.repeat(10_000)}a }}`, 'too long a condition'],
    ['members of members', `{{ a${'.b'.repeat(30_000)} }}`, 'more than 20 deep'],
    ['members of members, bit by bit', '{% assign a = a.b %}'.repeat(3_000), 'more than 20 deep'],
    ['lists of lists', '{% assign a = a | first %}'.repeat(2_000), 'more than 20 deep'],
    ['members by a filter', `{{ a | map: "${'b.'.repeat(30_000)}b" }}`, 'more than 20 deep'],
    ['too many outputs', '{{a}}'.repeat(12_000), 'too much'],
    ['too many faults', '{{|}}'.repeat(9_000), 'invalid value expression'],
    ['too many variables', Array.from({ length: 200 }, (_, n) => `{{ v${n} }}`).join(''), 'at most 100'],
    ['a layout', '{% layout "x" %}', 'there is no tag "layout"'],
    ['an include', '{% include "/etc/passwd" %}', 'there is no tag "include"'],
    ['a file', '{% render "/etc/passwd" %}', 'there is no partial "/etc/passwd"'],
    ['a way up', '{% render "../p" %}', 'there is no partial', { p: 'x' }],
    ['a partial by a variable', '{% render name %}', 'named by a quoted text', { p: 'x' }],
    ['a partial by an output', '{% render "{{ name }}" %}', 'named by a quoted text', { p: 'x' }],
    ['a partial in itself', '{% render "p" %}', 'p renders p', { p: '{% render "p" %}' }],
    [
      'a circle',
      '{% render "p" %}',
      'p renders q renders p',
      { p: '{% render "q" %}', q: '{% render "p" %}' },
    ],
    [
      'a fan of partials',
      '{% render "p0" %}',
      'too much',
      chain(25, (p) => `{% render "${p}" %}{% render "${p}" %}`),
    ],
    [
      'a chain of partials',
      '{% render "p0" %}',
      'more than 32 blocks',
      chain(40, (p) => `{% render "${p}" %}`),
    ],
    ['__proto__', '{{ a.__proto__ }}', '"__proto__" is no member'],
    ['__proto__ in brackets', '{{ a["__proto__"] }}', '"__proto__" is no member'],
    ['constructor', '{{ a.constructor.name }}', '"constructor" is no member'],
    ['constructor by a filter', '{{ a | map: "constructor.name" }}', '"constructor" is no member'],
    ['constructor alone', '{{ constructor }}', '"constructor" is a word'],
    ['an assignment to __proto__', '{% assign __proto__ = a %}', '"__proto__" is no name'],
    ['code', '{{ a | where_exp: "x", "x.y" }}', 'there is no filter "where_exp"'],
    ['lists in themselves', '{{ a | push: a }}', 'there is no filter "push"'],
    ['a lot', '{{ a | sample }}', 'there is no filter "sample"'],
    ['counting up', '{% increment a %}', 'there is no tag "increment"'],
    ['comparing lists', '{% case a %}{% when b %}{% endcase %}', 'after "when"'],
    ['an operator in words', '{{ a | filter_by_code }}', 'there is no filter'],
  ];

  test.each(table)('%s', (_, template, message, partials) => {
    const faults = faultsOf(() => compile(template, partials && { partials }));
    expect(faults.length).toBeGreaterThan(0);
    expect(faults.length).toBeLessThanOrEqual(20);
    const told = faults.map(({ line, message: said }) => `line ${line}: ${said}`).join('; ');
    expect(told).toContain(message);
  });

  it('and so is a prompt of too many messages or partials, or too long a one', () => {
    const partials = Object.fromEntries(Array.from({ length: 51 }, (_, n) => [`p${n}`, 'x'.repeat(10_000)]));
    expect(faultsOf(() => compile('x', { partials })).map(({ message }) => message)).toEqual([
      'holds 51; at most 50 are taken',
      'and partials are together 510,001 characters long; at most 256,000 are taken',
    ]);
  });
});

describe('values are refused when they are rendered', () => {
  const long = 'a'.repeat(500_000);
  const half = 'a'.repeat(5_000);
  const doubling = (how: string) =>
    `{% assign x = a %}{% for i in (1..40) %}{% assign x = ${how} %}{% endfor %}{{ x }}`;
  const nine = Array.from({ length: 9_999 }, () => 1);
  const table: [string, string, Record<string, unknown>, string][] = [
    ['a huge range', '{% for i in (1..100000000) %}x{% endfor %}', {}, 'a range goes from'],
    [
      'a range that never ends',
      '{% for i in (9007199254740992..9007199254740999) %}{% endfor %}',
      {},
      'a range goes from',
    ],
    ['such a range by variables', '{{ (a..b) | join }}', { a: 2 ** 53, b: 2 ** 53 + 8 }, 'a range goes from'],
    [
      'such a range by arithmetic',
      '{% assign b = a | times: a %}{{ (a..b) | size }}',
      { a: 2 ** 40 },
      'a range goes from',
    ],
    ['a range of no numbers', '{{ (a..3) | size }}', { a: 'x' }, 'a range goes from'],
    [
      'loops in loops',
      '{% for i in (1..9999) %}{% for j in (1..9999) %}{% endfor %}{% endfor %}',
      {},
      'takes too',
    ],
    [
      'loops over a list',
      '{% for i in a %}{% for j in a %}{{ j }}{% endfor %}{% endfor %}',
      { a: nine },
      'takes too',
    ],
    ['text that doubles', doubling('x | append: x'), { a: 'ab' }, 'takes too'],
    ['text that is replaced', doubling('x | replace: "a", "aaaaaaaa"'), { a: 'ab' }, 'takes too'],
    ['lists that double', doubling('x | concat: x'), { a: [1] }, 'takes too'],
    [
      'a list of one list many times',
      `${doubling('x | concat: x').replace('40', '12')}{{ x | sort | join }}`,
      { a: [nine] },
      'takes too',
    ],
    [
      'comparing such lists',
      '{% for i in (1..9999) %}{% if a == a %}{% endif %}{% endfor %}',
      { a: nine },
      'takes too',
    ],
    [
      'long output',
      '{% for i in (1..200) %}{{ a }}{% endfor %}',
      { a: half.repeat(2) },
      'longer than 1,000,000 characters',
    ],
    [
      'a search that goes back',
      '{% if a contains b %}{% endif %}',
      { a: long, b: `${half}b${half}` },
      'takes too',
    ],
    ['a split that goes back', '{{ a | split: b | size }}', { a: long, b: `${half}b${half}` }, 'takes too'],
    ['a wide date', '{{ a | date: "%999999999d" }}', { a: 1 }, 'takes too'],
    ['a wide indent', '{{ a | json: 1000000 }}', { a: [1] }, 'the indent of json'],
    [
      'a deep value',
      '{{ a }}',
      { a: JSON.parse(`${'['.repeat(5_000)}${']'.repeat(5_000)}`) },
      'nested too deep',
    ],
    ['a hidden member by a value', '{{ a[b] }}', { a: {}, b: 'constructor' }, 'has no value'],
    ['a prototype by a value', '{{ a[b] }}', { a: [], b: '__proto__' }, 'has no value'],
    ['half a character', '{{ a | url_encode }}', { a: '\uD800' }, 'does not take one of them'],
    [
      'too many images',
      '{% for i in (1..101) %}{{ photo }}{% endfor %}',
      { photo: 'https://a/b' },
      'at most 100 texts and images',
    ],
  ];

  test.each(table)('%s', (_, template, values, message) => {
    const variables = 'photo' in values ? [variable('photo', { type: 'IMAGE' })] : undefined;
    const rendering = () => render(template, { values, ...(variables && { variables }) });
    expect(rendering).toThrow(InvalidInput);
    expect(rendering).toThrow(message);
  });

  it('and never by what a prototype has', () => {
    const values = JSON.parse('{"a": {"__proto__": {"secret": 1}}, "toString": 1}') as Record<
      string,
      unknown
    >;
    expect(() => render('{{ a.secret }}', { values })).toThrow('"a.secret" has no value');
    expect(() => render('{{ valueOf }}{{ a.toString }}', { values })).toThrow('"valueOf" has no value');
    expect(() =>
      render('{{ b | where: "toString" | json }}{{ a.toString }}', { values: { ...values, b: [{}] } }),
    ).toThrow('has no value');
  });

  it('and not for honest work', () => {
    const rows = Array.from({ length: 2_000 }, (_, id) => ({ id, text: 'some words of a comment' }));
    const template =
      '{% for row in rows %}{{ row.id }}: {{ row.text | upcase | truncate: 20 }}\n{% endfor %}';
    expect(render(template, { values: { rows } })).toHaveLength(1);
    expect(render('{{ text | strip | upcase }}', { values: { text: 'word '.repeat(190_000) } })).toHaveLength(
      1,
    );
  });
});
