import { describe, expect, it } from 'vitest';
import { costOf } from '../../src/catalog/cost.ts';
import { toDeclaredPrice } from '../../src/catalog/declared-price.ts';
import type { Usage } from '../../src/domain/completion.ts';
import { likelyUsage, NO_HABIT, observeUsage, type Habit } from '../../src/routing/habits.ts';
import { modelOf } from './support/worlds.ts';

const used = (input: number, cacheRead: number, more: Partial<Usage> = {}): Usage => ({
  input,
  output: 10,
  cacheRead,
  cacheWrite: 0,
  reasoning: 0,
  source: 'REPORTED',
  ...more,
});
const after = (usages: Usage[]): Habit => usages.reduce(observeUsage, NO_HABIT);
const TOKENS = { input: 10_000, output: 100 };

describe('what a request is likely to use', () => {
  it.each([
    { what: 'nothing is known', usages: [], cacheRead: 0 },
    { what: 'half was read from the cache', usages: [used(1_000, 500)], cacheRead: 5_000 },
    { what: 'long prompts count for more', usages: [used(100, 0), used(900, 900)], cacheRead: 9_018 },
    { what: 'estimates say nothing', usages: [used(1_000, 900, { source: 'ESTIMATED' })], cacheRead: 0 },
  ])('where $what has $cacheRead cached tokens', ({ usages, cacheRead }) => {
    expect(likelyUsage(after(usages), TOKENS)).toMatchObject({ ...TOKENS, cacheRead });
  });

  it('follows what is measured later', () => {
    const habit = after([
      ...Array.from({ length: 200 }, () => used(1_000, 0)),
      ...Array.from({ length: 200 }, () => used(1_000, 800)),
    ]);
    expect(likelyUsage(habit, TOKENS).cacheRead).toBeGreaterThan(7_500);
  });

  it('makes the model with the higher price the cheaper one, where its cache is hit', () => {
    const price = (input: string, cacheRead: string) =>
      toDeclaredPrice(modelOf('a/x'), { input, cacheRead, output: '10' }, 'config');
    const warm = likelyUsage(after([used(1_000, 900)]), TOKENS);
    const cold = likelyUsage(NO_HABIT, TOKENS);
    expect(costOf(price('3', '0.3'), cold)).toBeGreaterThan(costOf(price('2', '2'), cold));
    expect(costOf(price('3', '0.3'), warm)).toBeLessThan(costOf(price('2', '2'), cold));
  });
});
