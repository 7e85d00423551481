import { describe, expect, it } from 'vitest';
import type { AskInput } from '../../src/domain/ask.ts';
import type { Complexity } from '../../src/routing/complexity.ts';
import { requestOf } from './support/worlds.ts';

const text = (words: string): Partial<AskInput> => ({ source: { text: words } });
const tools = Array.from({ length: 8 }, (_, index) => ({
  name: `t${index}`,
  parameters: { type: 'object' },
}));
const turns = Array.from({ length: 13 }, (_, index) => ({
  role: index % 2 === 0 ? ('USER' as const) : ('ASSISTANT' as const),
  parts: [{ text: 'hello' }],
}));

describe('how hard a request looks', () => {
  it.each<[string, keyof Complexity['features'], Partial<AskInput>, number, number]>([
    ['a long prompt', 'length', text('hello'), 8_000, 0.3],
    ['half as long a prompt', 'length', text('hello'), 4_000, 0.15],
    ['many tools', 'tools', { ...text('hello'), tools }, 10, 0.2],
    ['fenced code', 'code', text('hello\n```\nx\n```'), 10, 0.25],
    ['code without a fence', 'code', text('hello\nfunction add(a, b) { return a + b; }'), 10, 0.25],
    ['a stack trace', 'code', text('hello\n    at Object.run (/app/main.js:3:1)'), 10, 0.25],
    ['prose about code', 'code', text('hello, is this class (or that one) the default; tell me'), 10, 0],
    ['another script', 'language', text('日本語で答えてください'), 10, 0.1],
    ['a hard question', 'question', text('Prove that there is no largest prime.'), 10, 0.35],
    ['a hard question in German', 'question', text('Warum ist der Himmel blau?'), 10, 0.35],
    ['a middling question', 'question', text('Write a poem about bread.'), 10, 0.14],
    ['an easy question', 'question', text('What is the capital of France?'), 10, 0],
    ['a greeting', 'question', text('Hi there'), 10, 0],
    ['a schema', 'structure', { ...text('hello'), output: { jsonSchema: { type: 'object' } } }, 10, 0.1],
    ['a long conversation', 'turns', { source: { messages: turns } }, 10, 0.1],
    ['reasoning', 'reasoning', { ...text('hello'), params: { reasoning: 'HIGH' } }, 10, 0.4],
  ])('%s counts as %s', (_, feature, ask, inputTokens, value) => {
    expect(requestOf(ask, { inputTokens }).ask.complexity.features[feature]).toBeCloseTo(value, 2);
  });

  it.each([
    ['Thanks!', 0, 0.1],
    ['Translate "good morning" into French.', 0, 0.1],
    ['Compare the two proposals and say which you would choose.', 0.3, 0.5],
    ['Refactor this:\n```ts\nexport const a = () => { let x = 1; return x; };\n```', 0.5, 0.8],
  ])('%s is between %d and %d', (words, low, high) => {
    const { score } = requestOf(text(words)).ask.complexity;
    expect(score).toBeGreaterThanOrEqual(low);
    expect(score).toBeLessThanOrEqual(high);
  });

  it('is 1 at most, and looks at both ends of a long text only', () => {
    const middle = `${'word '.repeat(20_000)} prove it ${'word '.repeat(20_000)}`;
    const { features } = requestOf(text(middle), { inputTokens: 40_000 }).ask.complexity;
    expect(features.question).toBeCloseTo(0.14);
    const all = { ...text('Prove it:\n```\nx\n```'), tools, params: { reasoning: 'HIGH' as const } };
    expect(requestOf(all, { inputTokens: 40_000 }).ask.complexity.score).toBe(1);
  });
});
