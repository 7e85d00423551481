import { describe, expect, it, test } from 'vitest';
import { InvalidInput } from '../../src/domain/errors.ts';
import type { PromptVariable } from '../../src/domain/prompt.ts';
import { checkVariables, validateVariables } from '../../src/prompts/variables.ts';
import { variable } from './template/support.ts';

const at = ['input', 'variables'];

function issuesOf(variables: PromptVariable[], values: unknown) {
  try {
    checkVariables(variables, values, at);
  } catch (error) {
    if (error instanceof InvalidInput) return error.issues;
    throw error;
  }
  return [];
}

const messagesOf = (variables: PromptVariable[], values: unknown) =>
  issuesOf(variables, values).map(({ message }) => message);

describe('values', () => {
  it('are taken as they are, with the defaults of those that are not given', () => {
    const variables = [
      variable('a'),
      variable('b', { type: 'NUMBER', required: false, default: 5 }),
      variable('c', { type: 'BOOLEAN', required: false, default: false }),
      variable('d', { required: false }),
      variable('e', { type: 'LIST' }),
    ];
    expect(checkVariables(variables, { a: '', b: null, e: [1] }, at)).toEqual({
      a: '',
      b: 5,
      c: false,
      e: [1],
    });
    expect(checkVariables([], undefined, at)).toEqual({});
  });

  it('are told all at once when they are unknown, missing or not of their type', () => {
    const variables = [
      variable('title'),
      variable('count', { type: 'NUMBER' }),
      variable('tags', { type: 'LIST' }),
    ];
    expect(issuesOf(variables, { titel: 'x', count: '5', tags: { a: 1 } })).toEqual([
      {
        path: ['input', 'variables', 'titel'],
        message:
          'input.variables.titel is no variable of this prompt; it has title, count, tags; did you mean "title"?',
      },
      {
        path: ['input', 'variables', 'title'],
        message: 'input.variables.title is missing; it must be a STRING',
      },
      {
        path: ['input', 'variables', 'count'],
        message: 'input.variables.count must be a NUMBER; found STRING',
      },
      { path: ['input', 'variables', 'tags'], message: 'input.variables.tags must be a LIST; found OBJECT' },
    ]);
  });

  test.each([
    ['STRING', 5, 'must be a STRING; found NUMBER'],
    ['NUMBER', Infinity, 'must be a NUMBER; found a number that is not finite'],
    ['NUMBER', Number.NaN, 'must be a NUMBER; found a number that is not finite'],
    ['BOOLEAN', 'true', 'must be a BOOLEAN; found STRING'],
    ['OBJECT', [], 'must be an OBJECT; found LIST'],
    ['IMAGE', 'http://example.com/a.png', 'must be an IMAGE: a URL that begins with https:// or data:image/'],
    ['IMAGE', `data:image/png;base64,${'A'.repeat(8_000_000)}`, 'or one too long'],
    ['IMAGE', 5, 'found NUMBER'],
    ['LIST', Array.from({ length: 10_001 }, () => 1), 'holds a LIST of more than 10,000 members'],
    [
      'LIST',
      JSON.parse(`${'['.repeat(300)}${']'.repeat(300)}`) as unknown,
      'is nested deeper than 200 levels',
    ],
    ['STRING', 'x'.repeat(1_000_001), 'hold 1,000,001 characters together; at most 1,000,000 fit'],
  ] as const)('of type %s cannot be so (%#)', (type, value, message) => {
    expect(messagesOf([variable('v', { type })], { v: value }).join()).toContain(message);
  });

  it('are objects by the names of the variables', () => {
    expect(messagesOf([], ['x'])).toEqual([
      'input.variables must be an OBJECT with a member for each variable; found LIST',
    ]);
    expect(messagesOf([], JSON.parse('{"__proto__": 1}'))).toEqual([
      'input.variables.__proto__ is no variable of this prompt; it has none',
    ]);
    expect(messagesOf([variable('toString')], {})).toEqual([
      'input.variables.toString is missing; it must be a STRING',
    ]);
  });

  it('meet the schema of their variable', () => {
    const schema = {
      type: 'object',
      properties: { id: { type: 'string', pattern: '^t-' } },
      required: ['id'],
    };
    const variables = [variable('ticket', { type: 'OBJECT', schema })];
    expect(messagesOf(variables, { ticket: { id: 't-1', more: 1 } })).toEqual([]);
    expect(messagesOf(variables, { ticket: { id: 5 } })).toEqual([
      'input.variables.ticket does not fit its JSON Schema: /id must be string',
    ]);
  });

  it('are shown nowhere, and of those that are never logged not even the members', () => {
    const schema = { type: 'object', additionalProperties: { type: 'number' } };
    const variables = [
      variable('a', { type: 'OBJECT', schema, neverLog: true }),
      variable('b', { type: 'NUMBER', neverLog: true }),
      variable('c', { type: 'IMAGE', neverLog: true }),
    ];
    const told = messagesOf(variables, { a: { hush: 'hush' }, b: 'hush', c: 'hush' });
    expect(told).toHaveLength(3);
    expect(told.join()).not.toContain('hush');
  });

  it('with more faults than 20 are told 20', () => {
    const values = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`v${index}`, 1]));
    expect(issuesOf([], values)).toHaveLength(20);
  });
});

describe('variables cannot be declared', () => {
  const list = { type: 'array', items: { type: 'number' } };
  test.each([
    [variable('run'), 'variables.0.name is "run" is a word with a meaning of its own'],
    [variable('user name'), 'variables.0.name is "user name" is no name of a variable'],
    [variable('_x'), 'is no name of a variable'],
    [variable('x'.repeat(65)), 'is no name of a variable'],
    [variable('a', { default: 5 }), 'variables.0.default must be a STRING; found NUMBER'],
    [variable('a', { type: 'LIST', schema: list, example: ['x'] }), 'variables.0.example does not fit'],
    [variable('a', { schema: list }), 'variables.0.schema belongs to a LIST or an OBJECT'],
    [variable('a', { type: 'LIST', schema: { type: 'nope' } }), 'variables.0.schema is no JSON Schema'],
  ])('%#', (one, message) => {
    expect(
      validateVariables([one], ['variables'])
        .map((issue) => issue.message)
        .join(),
    ).toContain(message);
  });

  it('twice by one name, or too many', () => {
    expect(validateVariables([variable('a'), variable('a')], ['variables'])).toEqual([
      { path: ['variables', '1', 'name'], message: 'variables.1.name repeats the variable "a"' },
    ]);
    const many = Array.from({ length: 101 }, (_, index) => variable(`v${index}`));
    expect(validateVariables(many, ['variables'])[0]!.message).toContain('at most 100');
  });
});
