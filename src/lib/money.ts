/**
 * Money is a `bigint` of nano-USD (10⁻⁹ USD), so sums are exact. A float only ever comes in as a price of a
 * price list, and only through `nanosOfListed`.
 */
/** Nano-USD of one USD, and billionths, as which a decimal travels, of one. */
export const NANOS = 1_000_000_000n;
const MILLION = 1_000_000n;

/** Room for sums of tokens, which pass a billion; amounts of money do not. */
const EXACT_DECIMAL = /^(-?)(\d{1,15})(?:\.(\d{1,9}))?$/;
/** The largest amount that is taken still fits a 64-bit column. */
const USD_END = 10n ** 18n;

/**
 * So many millionths of a unit, at nano-USD for a whole one: a token is a millionth of a million tokens, and a request
 * a million millionths of one.
 */
export interface CostLine {
  millionths: number;
  nanos: bigint;
}

/** What the lines cost together in nano-USD. Rounded up, once, here and nowhere else. */
export function costNanos(lines: readonly CostLine[]): bigint {
  const total = lines.reduce((sum, line) => sum + toCount(line.millionths) * line.nanos, 0n);
  return (total + MILLION - 1n) / MILLION;
}

/** USD as an exact decimal without trailing zeros: `"0.000412"`, `"0"`, `"-12.5"`. */
export function formatNanos(nanos: bigint): string {
  const sign = nanos < 0n ? '-' : '';
  const amount = nanos < 0n ? -nanos : nanos;
  const fraction = String(amount % NANOS)
    .padStart(9, '0')
    .replace(/0+$/, '');
  return `${sign}${amount / NANOS}${fraction === '' ? '' : `.${fraction}`}`;
}

/**
 * Nano-USD of an exact decimal such as `"0.25"`.
 * @throws Error when the text is no plain decimal, has more than 9 decimals, or is a billion or more.
 */
export function parseUsd(text: string): bigint {
  const nanos = parseDecimal(text);
  if (nanos !== undefined && nanos < USD_END && nanos > -USD_END) return nanos;
  throw new Error(
    `${JSON.stringify(text)} is no amount in USD: write a plain decimal below one billion with at most 9 decimals, such as "0.25"`,
  );
}

/** Billionths of an exact decimal with at most 15 digits before and 9 after the point; undefined for all else. */
export function parseDecimal(text: string): bigint | undefined {
  const match = EXACT_DECIMAL.exec(text);
  if (!match) return undefined;
  const [, sign, whole = '', fraction = ''] = match;
  const billionths = BigInt(whole + fraction.padEnd(9, '0'));
  return sign === '-' ? -billionths : billionths;
}

/**
 * Nano-USD of a listed price in USD. Price lists hold floats such as 0.08333333; what lies beyond the ninth decimal is
 * rounded half up.
 */
export function nanosOfListed(usd: number): bigint {
  if (!(usd >= 0)) throw new Error(`${usd} is no price: it must be 0 or more USD`);
  return parseUsd(usd.toFixed(9));
}

function toCount(millionths: number): bigint {
  if (!Number.isSafeInteger(millionths) || millionths < 0) {
    throw new RangeError(`${millionths} is no number of tokens: it must be a whole number, 0 or more`);
  }
  return BigInt(millionths);
}
