import { analyzeSync, Liquid } from 'liquidjs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { mergeVariables } from '../../../src/prompts/template/merge.ts';
import { checkVariables, validateVariables } from '../../../src/prompts/variables.ts';
import { compile, faultsOf, write } from './support.ts';

const names = ['alpha', 'beta', 'gamma', 'delta', 'epsilon'];
const name = fc.constantFrom(...names);
const literal = fc.constantFrom('"x"', '3', 'true', 'nil', 'blank');
const path = fc.oneof(
  name,
  fc.tuple(name, fc.constantFrom('.title', '.tags', '[0]', '.first', '.size')).map((both) => both.join('')),
);
const filter = fc.constantFrom(
  '',
  '| upcase',
  '| plus: 1',
  '| join: ", "',
  '| default: "x"',
  '| json',
  '| size',
);
const condition = fc.oneof(
  path,
  fc
    .tuple(path, fc.constantFrom('==', '!=', '>', 'contains'), fc.oneof(path, literal))
    .map((all) => all.join(' ')),
  fc.tuple(path, fc.constantFrom('and', 'or'), path).map((all) => all.join(' ')),
);

/** Templates of every kind of tag, most of which make some sense. */
const { template } = fc.letrec<{ template: string; piece: string }>((tie) => ({
  template: fc.array(tie('piece'), { maxLength: 4 }).map((pieces) => pieces.join('')),
  piece: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom('text ', '\n', '}} '),
    fc.tuple(path, filter).map(([value, how]) => `{{ ${value} ${how} }}`),
    fc
      .tuple(condition, tie('template'), tie('template'))
      .map(([test, yes, no]) => `{% if ${test} %}${yes}{% else %}${no}{% endif %}`),
    fc
      .tuple(path, tie('template'))
      .map(([list, body]) => `{% for item in ${list} %}{{ item }}${body}{% endfor %}`),
    fc
      .tuple(path, tie('template'))
      .map(([value, body]) => `{% case ${value} %}{% when "a" %}${body}{% endcase %}`),
    fc.tuple(path, filter).map(([value, how]) => `{% assign local = ${value} ${how} %}{{ local }}`),
    tie('template').map((body) => `{% capture caught %}${body}{% endcapture %}{{ caught }}`),
  ),
}));

it('writes values as they are', () => {
  const around = fc.string({ unit: 'binary' }).filter((text) => !/[{}%]/.test(text));
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), around, around, (value, before, after) => {
      expect(write(`${before}|{{ v }}|${after}`, { v: value })).toBe(`${before}|${value}|${after}`);
    }),
  );
});

it('writes JSON that reads back', () => {
  fc.assert(
    fc.property(
      fc.jsonValue({ maxDepth: 4 }).filter((value) => typeof value === 'object' && value !== null),
      (value) => {
        const written = write('.{{ v }}', { v: value }).slice(1);
        expect(JSON.parse(written)).toEqual(JSON.parse(JSON.stringify(value)));
      },
    ),
  );
});

it('finds every variable that LiquidJS finds', () => {
  fc.assert(
    fc.property(template, (text) => {
      if (faultsOf(() => compile(text)).length > 0) return;
      const { globals } = analyzeSync(new Liquid().parse(text));
      expect(
        compile(text)
          .variables.map((one) => one.name)
          .toSorted(),
      ).toEqual(Object.keys(globals).toSorted());
    }),
    { numRuns: 300 },
  );
});

it('compiles again with the variables that it was merged to, and those can be declared', () => {
  fc.assert(
    fc.property(template, (text) => {
      if (faultsOf(() => compile(text)).length > 0) return;
      const variables = mergeVariables(compile(text).variables, []);
      expect(faultsOf(() => compile(text, { variables }))).toEqual([]);
      expect(validateVariables(variables, ['variables'])).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

function outcomeOf(run: () => unknown): string {
  try {
    run();
    return 'messages';
  } catch (error) {
    return (error as Error).name;
  }
}

it('answers any values by messages or by InvalidInput', () => {
  const value = fc.oneof(
    fc.string(),
    fc.double(),
    fc.boolean(),
    fc.array(fc.string()),
    fc.jsonValue({ maxDepth: 3 }),
  );
  const values = fc.record(Object.fromEntries(names.map((one) => [one, value])), { requiredKeys: [] });
  fc.assert(
    fc.property(template, values, (text, given) => {
      if (faultsOf(() => compile(text)).length > 0) return;
      const compiled = compile(text);
      const variables = mergeVariables(compiled.variables, []);
      const outcomes = [
        outcomeOf(() => compiled.render(given)),
        outcomeOf(() => compiled.render(checkVariables(variables, given, ['variables']))),
      ];
      for (const outcome of outcomes) expect(['messages', 'InvalidInput']).toContain(outcome);
    }),
    { numRuns: 300 },
  );
});

it('reads any text, or says why not', () => {
  const junk = fc.array(
    fc.oneof(
      fc.string({ maxLength: 5 }),
      fc.constantFrom(
        '{{',
        '}}',
        '{%',
        '%}',
        '{%-',
        ' if a ',
        ' endif ',
        ' for x in y ',
        ' endfor ',
        "'",
        '|',
        ' render "p" ',
      ),
    ),
    { maxLength: 20 },
  );
  fc.assert(
    fc.property(junk, (pieces) => {
      for (const { line, column } of faultsOf(() => compile(pieces.join('')))) {
        expect(line).toBeGreaterThan(0);
        expect(column).toBeGreaterThan(0);
      }
    }),
    { numRuns: 1_000 },
  );
});
