import { describe, expect, it } from 'vitest';
import { checkCondition, createConditions, toFacts } from '../../src/routing/conditions.ts';
import { requestOf } from './support/worlds.ts';

const request = requestOf(
  {
    tags: [
      { key: 'env', value: 'prod' },
      { key: 'tier', value: 'gold' },
    ],
    endUserId: 'anna',
    tools: [{ name: 'look', parameters: { type: 'object' } }],
  },
  { team: 'web', region: 'eu', inputTokens: 1_234.4, budgetUsed: 0.5, flags: { beta: true, old: false } },
);
const facts = toFacts(request, request.ask.needs);

describe('a condition over a request', () => {
  it.each([
    ['tags.env == "prod"', true],
    ['tags["tier"] in ["gold", "silver"]', true],
    ['"env" in tags && has(tags.tier)', true],
    ['has(tags.nothing) && tags.nothing == "x"', false],
    ['tags.exists(key, key.startsWith("ti"))', true],
    ['team == "web" && endUser != "bert"', true],
    ['endUser.contains("nn") && endUser.endsWith("a")', true],
    ['region == "us"', false],
    ['estimatedTokens > 1000', true],
    ['estimatedTokens * 2 > 2468', false],
    ['"TOOLS" in capabilities', true],
    ['"VISION" in capabilities', false],
    ['size(capabilities) == 2', true],
    ['budgetUsed >= 0.5', true],
    ['budgetUsed >= 1', false],
    ['hour == 14', true],
    ['flags.beta && !flags.old', true],
    ['flags.nothing', false],
    ['flags["not-there"] || flags["beta"]', true],
    ['has(flags.beta) && flags.beta', true],
    ['budgetUsed > 0.9 ? team == "ops" : team == "web"', true],
  ])('%s is %s', (source, result) => {
    expect(checkCondition(source)).toBeUndefined();
    expect(createConditions().test(source, facts)).toBe(result);
  });

  it('that asks for a tag which is not there says so, and does not hold', () => {
    expect(createConditions().test('tags.nothing == "x"', facts)).toBe(
      'the condition cannot be told: No such key: nothing (at character 6)',
    );
  });

  it('that was never checked does not hold either', () => {
    const conditions = createConditions();
    expect(conditions.test('team', facts)).toBe('the condition has the type string; it must be bool');
    expect(conditions.test('team.matches("(a+)+$")', facts)).toMatch(/^the condition calls matches, which/);
  });
});

describe('the flags of a condition', () => {
  it('are found wherever they stand in it, each once', () => {
    const source = '(flags.a || team == "x") && !flags["b-c"] && flags.a && tags.exists(t, flags.d)';
    expect(createConditions().listFlags(source)).toEqual(['a', 'b-c', 'd']);
    expect(createConditions().listFlags('team == "flags.x"')).toEqual([]);
    expect(createConditions().listFlags('this is none')).toEqual([]);
  });
});

describe('a condition that must not be saved', () => {
  it.each([
    ['', 'is empty'],
    ['team ==', 'is no CEL: Unexpected token: EOF (at character 8)'],
    ['teem == "web"', 'does not type-check: Unknown variable: teem (at character 1)'],
    ['tags.env > 3', 'does not type-check: no such overload: string > int (at character 1)'],
    ['flags.beta == "yes"', 'does not type-check: no such overload: bool == string (at character 1)'],
    ['team', 'has the type string; it must be bool'],
    ['hour + 1', 'has the type int; it must be bool'],
    ['flags[team]', 'names flags otherwise than as flags.name or flags["name"]'],
    ['size(flags) > 0', 'names flags otherwise than as flags.name or flags["name"]'],
    ['flags["../beta"]', 'asks for the flag "../beta", which no flag can be called'],
    [
      Array.from({ length: 21 }, (_, at) => `flags.f${at}`).join('||'),
      'asks for 21 flags; at most 20 are taken',
    ],
    ['constructor == 1', 'does not type-check: Unknown variable: constructor (at character 1)'],
  ])('%s %s', (source, fault) => {
    expect(checkCondition(source)).toBe(fault);
  });

  it.each([
    ['team.matches("(a+)+$")', 'calls matches, which is not available here'],
    ['cel.bind(x, team + team, x == "")', 'calls bind, which is not available here'],
    ['capabilities.map(x, x).size() > 0', 'calls map, which is not available here'],
    ['dyn(team) == 1', 'calls dyn, which is not available here'],
    ['tags.all(a, tags.all(b, a == b))', 'has all inside of another one'],
    [`team == "${'x'.repeat(1_000)}"`, 'is 1010 characters long; at most 1000 fit'],
    [`${'!'.repeat(400)}(hour == 1)`, 'is no CEL: '],
    [`hour in [${'1,'.repeat(200)}1]`, 'is no CEL: '],
  ])('%s: takes too long, or could', (source, fault) => {
    expect(checkCondition(source)?.slice(0, fault.length)).toBe(fault);
  });
});
