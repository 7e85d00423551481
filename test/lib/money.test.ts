import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { costNanos, formatNanos, nanosOfListed, parseUsd } from '../../src/lib/money.ts';

const line = fc.record({
  millionths: fc.nat({ max: 2_000_000_000 }),
  nanos: fc.bigInt({ min: 0n, max: 10n ** 15n }),
});
const amount = fc.bigInt({ min: -(10n ** 18n) + 1n, max: 10n ** 18n - 1n });

describe('costNanos', () => {
  test('1,000 tokens at 2.50 USD per million cost 0.0025 USD', () => {
    expect(formatNanos(costNanos([{ millionths: 1_000, nanos: parseUsd('2.5') }]))).toBe('0.0025');
  });

  test('rounds up once for all lines together, not once for each', () => {
    const third = { millionths: 1, nanos: 333_333n };
    expect(costNanos([third])).toBe(1n);
    expect(costNanos([third, third, third])).toBe(1n);
    expect(costNanos([third, third, third, third])).toBe(2n);
  });

  test('a whole one is a million millionths: a request, a picture', () => {
    expect(formatNanos(costNanos([{ millionths: 3_000_000, nanos: parseUsd('0.014') }]))).toBe('0.042');
  });

  test('nothing costs nothing', () => {
    expect(costNanos([])).toBe(0n);
    expect(costNanos([{ millionths: 0, nanos: 5n }])).toBe(0n);
    expect(costNanos([{ millionths: 5, nanos: 0n }])).toBe(0n);
  });

  test('is the exact sum, or less than one nano-USD above it', () => {
    fc.assert(
      fc.property(fc.array(line), (lines) => {
        const exactMillionths = lines.reduce(
          (sum, { millionths, nanos }) => sum + BigInt(millionths) * nanos,
          0n,
        );
        const above = costNanos(lines) * 1_000_000n - exactMillionths;
        expect(above >= 0n && above < 1_000_000n).toBe(true);
      }),
    );
  });

  test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53])('refuses %s tokens', (millionths) => {
    expect(() => costNanos([{ millionths, nanos: 1n }])).toThrow(`${millionths} is no number of tokens`);
  });
});

describe('formatNanos and parseUsd', () => {
  test.each([
    [0n, '0'],
    [1n, '0.000000001'],
    [412_000n, '0.000412'],
    [1_000_000_000n, '1'],
    [10_500_000_000n, '10.5'],
    [-12_500_000_000n, '-12.5'],
    [-1n, '-0.000000001'],
  ])('%s nano-USD are %s USD', (nanos, usd) => {
    expect(formatNanos(nanos)).toBe(usd);
    expect(parseUsd(usd)).toBe(nanos);
  });

  test('take each other back', () => {
    fc.assert(
      fc.property(amount, (nanos) => {
        expect(parseUsd(formatNanos(nanos))).toBe(nanos);
      }),
    );
  });

  test('trailing zeros change nothing', () => {
    expect(parseUsd('2.500000000')).toBe(parseUsd('2.5'));
    expect(parseUsd('0.00')).toBe(0n);
  });

  test('a larger amount than can be written down can still be shown', () => {
    expect(formatNanos(10n ** 21n + 1n)).toBe('1000000000000.000000001');
  });

  test.each([
    '',
    ' 1',
    '1 ',
    '1.',
    '.5',
    '1,5',
    '1e3',
    'NaN',
    'Infinity',
    '+1',
    '--1',
    '0x10',
    '1.0000000001',
    '1000000000',
  ])('refuses %j', (text) => {
    expect(() => parseUsd(text)).toThrow(`${JSON.stringify(text)} is no amount in USD`);
  });
});

describe('nanosOfListed', () => {
  test.each([
    [0, 0n],
    [2.5, 2_500_000_000n],
    [0.08333333, 83_333_330n],
    [0.1, 100_000_000n],
    [1e-7, 100n],
    [0.0000000004, 0n],
    [0.0000000006, 1n],
    [1.5 + 2 ** -31, 1_500_000_000n],
    [1.5 + 2 ** -30, 1_500_000_001n],
  ])('%d USD are %s nano-USD', (usd, nanos) => {
    expect(nanosOfListed(usd)).toBe(nanos);
  });

  test('a half is rounded up', () => {
    // 2⁻¹⁰ USD are exactly 976,562.5 nano-USD.
    expect(nanosOfListed(2 ** -10)).toBe(976_563n);
  });

  test('reads each price that a float can hold exactly as it is listed', () => {
    const listed = fc.bigInt({ min: 0n, max: 10n ** 15n });
    fc.assert(
      fc.property(listed, (nanos) => {
        expect(nanosOfListed(Number(formatNanos(nanos)))).toBe(nanos);
      }),
    );
  });

  test.each([-0.1, Number.NaN, Number.POSITIVE_INFINITY, 1e21])('refuses %s', (usd) => {
    expect(() => nanosOfListed(usd)).toThrow(/is no price|is no amount/);
  });
});
