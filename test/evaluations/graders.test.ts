import { describe, expect, it } from 'vitest';
import { GRADER_TYPES } from '../../src/domain/evaluation.ts';
import { useGateway } from '../support/gateway.ts';
import { tryGraders, type Tried } from './support.ts';

const gateway = useGateway();

/** One of each type, with an answer that it lets pass and one that it does not. */
const KINDS: Record<
  string,
  { grader: Tried['graders'][number]; expected?: unknown; good: string; bad: string }
> = {
  EXACT: {
    grader: { exact: { ignoreCase: true } },
    expected: 'Paris',
    good: ' paris\n',
    bad: 'Paris, France',
  },
  REGEX: { grader: { regex: { pattern: '^\\d{4}-\\d{2}$' } }, good: '2026-11', bad: 'November' },
  JSON_EQUALITY: {
    grader: { jsonEquality: { ignore: ['/items/*/id'] } },
    expected: { items: [{ id: 1, name: 'a' }], ok: true },
    good: '{ "ok": true, "items": [{ "name": "a", "id": 2 }] }',
    bad: '{ "ok": true, "items": [{ "name": "b", "id": 1 }] }',
  },
  JSON_SCHEMA: {
    grader: { jsonSchema: { schema: { type: 'object', required: ['title'] } } },
    good: '{"title":"x"}',
    bad: '{"name":"x"}',
  },
  NUMERIC: {
    grader: { numeric: { path: '/total', relative: 0.05 } },
    expected: 100,
    good: '{"total":104}',
    bad: '{"total":106}',
  },
  EMBEDDING: {
    grader: { embedding: { model: 'demo/embedder' } },
    expected: 'The invoice was paid in full.',
    good: 'The invoice was paid in full!',
    bad: 'Zebras graze',
  },
  JUDGE: {
    // The demo model fills in the numbers that it finds in what it was told last.
    grader: { judge: { model: 'demo/assistant', rubric: 'Is it polite?' } },
    good: 'score: 0.9',
    bad: 'score: 0.2',
  },
};

async function gradeOne(grader: object, answer: string, expected?: unknown) {
  const { graded, errors } = await tryGraders(gateway(), { graders: [grader], answer, expected });
  expect(errors).toEqual([]);
  return graded[0];
}

it('there is one of each type', () => {
  expect(Object.keys(KINDS).toSorted()).toEqual([...GRADER_TYPES].toSorted());
});

describe.each(Object.entries(KINDS))('%s', (_, { grader, expected, good, bad }) => {
  const [key = ''] = Object.keys(grader);

  it('tells good answers from bad ones', async () => {
    const liked = await gradeOne(grader, good, expected);
    expect(liked).toMatchObject({ grader: key, passed: true, reason: expect.any(String) });
    const disliked = await gradeOne(grader, bad, expected);
    expect(disliked.passed).toBe(false);
    expect(liked.score).toBeGreaterThan(disliked.score);
  });

  it('gives scores from 0 to 1, and lets pass from its threshold on', async () => {
    for (const answer of [good, bad, '', '{}', '[]', 'null', '-1', '\0\uD800']) {
      for (const threshold of [0, 0.5, 1]) {
        const { score, passed } = await gradeOne({ ...grader, name: 'it', threshold }, answer, expected);
        expect(score).toBeGreaterThanOrEqual(0);
        expect(score).toBeLessThanOrEqual(1);
        expect(passed).toBe(score >= threshold);
      }
    }
  });

  it.each([
    ['a megabyte of text', 'word '.repeat(200_000)],
    ['what no path leads through', `${'[1,'.repeat(5_000)}1${']'.repeat(5_000)}`],
    ['JSON that is nested deep', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
    ['JSON of very many values', `[${'0,'.repeat(100_000)}0]`],
    ['JSON with keys of the language', '{"__proto__":{"total":100},"constructor":1}'],
  ])('answers in bounds to %s', async (__, answer) => {
    const { score, passed } = await gradeOne(grader, answer, expected);
    expect(score).toBeGreaterThanOrEqual(0);
    expect(score).toBeLessThanOrEqual(1);
    expect(typeof passed).toBe('boolean');
  });

  it('refuses settings that it does not have', async () => {
    const settings = Object.values(grader)[0] as object;
    const query = `mutation ($input: GradersTryInput!) { gradersTry(input: $input) { errors { code } } }`;
    const input = { graders: [{ [key]: { ...settings, other: 1 } }], answer: good };
    expect((await gateway().ask(query, { input })).errors?.[0]?.message).toContain('other');
  });

  it('says so where nothing is expected, if it needs that', async () => {
    if (expected === undefined) return;
    expect(await gradeOne(grader, good)).toMatchObject({
      score: 0,
      reason: 'the case does not say what is expected',
    });
  });
});

describe('settings', () => {
  it.each<[string, object[], string[], RegExp]>([
    ['no grader', [], ['graders'], /needs at least one grader/],
    ['no type', [{ name: 'x' }], ['graders', '0'], /needs exactly one of exact, .*, judge; found none/],
    ['two types', [{ exact: {}, regex: { pattern: 'x' } }], ['graders', '0'], /found exact and regex/],
    [
      'one name twice',
      [{ exact: {} }, { exact: { trim: false } }],
      ['graders', '1', 'name'],
      /"exact", the name of an earlier/,
    ],
    ['a threshold beyond 1', [{ exact: {}, threshold: 2 }], ['graders', '0', 'threshold'], /<=1/],
    [
      'a path that is none',
      [{ exact: { path: 'a.b' } }],
      ['graders', '0', 'exact', 'path'],
      /is no JSON Pointer such as/,
    ],
    [
      'a pattern that is none',
      [{ regex: { pattern: '(' } }],
      ['graders', '0', 'regex', 'pattern'],
      /is no pattern of RE2: /,
    ],
    [
      'one that RE2 does not have',
      [{ regex: { pattern: '(a)\\1' } }],
      ['graders', '0', 'regex', 'pattern'],
      /is no pattern of RE2: /,
    ],
    [
      'a schema that is none',
      [{ jsonSchema: { schema: { type: 'thing' } } }],
      ['graders', '0', 'jsonSchema', 'schema'],
      /is no JSON Schema that compiles/,
    ],
    ['a tolerance below 0', [{ numeric: { absolute: -1 } }], ['graders', '0', 'numeric', 'absolute'], />=0/],
    [
      'an empty rubric',
      [{ judge: { model: 'demo/assistant', rubric: '' } }],
      ['graders', '0', 'judge', 'rubric'],
      />=1/,
    ],
  ])('refuse %s, and say where', async (_, graders, path, message) => {
    const { errors, graded } = await tryGraders(gateway(), { graders, answer: 'x' });
    expect(graded).toBeNull();
    expect(errors[0]).toEqual({
      code: 'INVALID_INPUT',
      message: expect.stringMatching(message),
      path: ['input', ...path],
    });
  });

  it('are all told at once', async () => {
    const graders = [{ exact: { path: 'a' } }, { numeric: { relative: -1 } }, { name: '1', exact: {} }];
    const { errors } = await tryGraders(gateway(), { graders, answer: 'x' });
    expect(errors.map(({ path }: { path: string[] }) => path[2])).toEqual(['0', '1', '2']);
  });
});

describe('what is wrong is told', () => {
  it.each<[string, object, string, unknown, number, string]>([
    ['EXACT', { exact: {} }, 'London', 'Paris', 0, 'the answer is "London"; expected is "Paris"'],
    ['EXACT of JSON', { exact: {} }, '{"b":1,"a":2}', { a: 2, b: 1 }, 1, 'the answer is what is expected'],
    [
      'EXACT at a place',
      { exact: { path: '/a~1b/0' } },
      '{"a/b":["x"]}',
      { 'a/b': ['x'] },
      1,
      'the answer is what is expected',
    ],
    [
      'a place that is not there',
      { exact: { path: '/a' } },
      '{"b":1}',
      'x',
      0,
      'the answer has nothing at /a',
    ],
    [
      'REGEX',
      { regex: { pattern: 'sorry', ignoreCase: true, absent: true } },
      'Sorry!',
      null,
      0,
      'the answer has sorry',
    ],
    [
      'JSON_EQUALITY',
      { jsonEquality: {} },
      '{"a":1,"b":[1,2],"c":null}',
      { a: 1, b: [1, 3], c: null },
      0.75,
      '1 of 4 values differ, the first at /b/1: 2; expected is 3',
    ],
    [
      'what is missing',
      { jsonEquality: {} },
      '{"a":1}',
      { a: 1, b: { c: 1, d: 2 } },
      1 / 3,
      '2 of 3 values differ, the first at /b: nothing; expected is {"c":1,"d":2}',
    ],
    [
      'no JSON',
      { jsonEquality: {} },
      'Sure! {"a":1}',
      { a: 1 },
      0,
      String.raw`the answer is no JSON: "Sure! {\"a\":1}"`,
    ],
    ['JSON_SCHEMA', { jsonSchema: { schema: { type: 'array' } } }, '{}', null, 0, 'the value must be array'],
    ['NUMERIC', { numeric: { absolute: 1 } }, '12', 10, 0, 'the answer is 12, 2 from 10; 1 is allowed'],
    ['no number', { numeric: {} }, 'about ten', 10, 0, 'the answer is "about ten", which is no number'],
    ['no number to compare with', { numeric: {} }, '10', 'ten', 0, 'expected is "ten", which is no number'],
    ['an empty answer', { embedding: { model: 'demo/embedder' } }, ' ', 'x', 0, 'the answer is empty'],
  ])('%s', async (_, grader, answer, expected, score, reason) => {
    const graded = await gradeOne(grader, answer, expected ?? undefined);
    expect(graded).toMatchObject({ score, reason });
  });
});
