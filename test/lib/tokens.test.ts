import { countTokens as countWhole } from 'gpt-tokenizer/encoding/o200k_base';
import { beforeAll, describe, expect, test } from 'vitest';
import { countTokens, createGrowingCount, loadTokenizer } from '../../src/lib/tokens.ts';

const prose = 'A sluice is a water channel that is controlled at its head by a gate. ';

describe('countTokens', () => {
  beforeAll(loadTokenizer);

  test('agrees with the o200k tokenizer on a short text', () => {
    expect(countTokens('')).toBe(0);
    expect(countTokens('hello world')).toBe(2);
    expect(countTokens(prose)).toBe(countWhole(prose));
  });

  test('stays within 2 % of the exact count of a text that needs many windows', () => {
    const text = prose.repeat(200);
    expect(Math.abs(countTokens(text) / countWhole(text) - 1)).toBeLessThan(0.02);
  });

  test('scales a sample up for a text that is longer than all windows', () => {
    const text = prose.repeat(3_000);
    expect(Math.abs(countTokens(text) / countWhole(text) - 1)).toBeLessThan(0.03);
  });

  test('samples the whole length, not only the beginning', () => {
    const half = 100_000;
    const words = 'water '.repeat(half / 6);
    const digits = '7'.repeat(half);
    const exact = countTokens('water '.repeat(2_000)) * (half / 12_000) + half / 3;
    expect(Math.abs(countTokens(words + digits) / exact - 1)).toBeLessThan(0.05);
  });

  test('takes 100,000 times one letter, which an unwindowed count chokes on', () => {
    const tokens = countTokens('a'.repeat(100_000));
    expect(tokens).toBeGreaterThan(100_000 / 16);
    expect(tokens).toBeLessThan(100_000);
  });

  test('takes 100,000 Chinese characters without a space', () => {
    const text = Array.from({ length: 100_000 }, (_, index) =>
      String.fromCodePoint(0x4e00 + ((index * 7_919) % 20_000)),
    ).join('');
    const tokens = countTokens(text);
    expect(tokens).toBeGreaterThan(100_000);
    expect(tokens).toBeLessThan(300_000);
  });

  test('of a growing text comes to the same, to within a token for each look', () => {
    const count = createGrowingCount();
    expect(count('')).toBe(0);
    let seen = 0;
    for (let words = 1; words <= 20; words += 1) seen = count(prose.repeat(words));
    expect(Math.abs(seen - countTokens(prose.repeat(20)))).toBeLessThanOrEqual(20);
    expect(count(prose.repeat(20))).toBe(seen);
  });

  test('counts special tokens as the plain text they are in a prompt', () => {
    expect(countTokens('<|endoftext|>')).toBeGreaterThan(1);
  });
});
