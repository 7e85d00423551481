/**
 * Money is a `bigint` of nano-USD (10⁻⁹ USD), so sums are exact. A float only ever comes in as a price of a
 * price list, and only through `nanosPerMtok`.
 */
const NANOS_PER_USD = 1_000_000_000n;
const TOKENS_PER_MTOK = 1_000_000n;

/** At most 9 digits on each side: the largest amount still fits a 64-bit column. */
const EXACT_USD = /^(-?)(\d{1,9})(?:\.(\d{1,9}))?$/;

/** So many tokens at this price, nano-USD per million tokens. */
export interface CostLine {
  tokens: number;
  nanosPerMtok: bigint;
}

/** What the lines cost together in nano-USD. Rounded up, once, here and nowhere else. */
export function costNanos(lines: readonly CostLine[]): bigint {
  const total = lines.reduce((sum, line) => sum + toTokenCount(line.tokens) * line.nanosPerMtok, 0n);
  return (total + TOKENS_PER_MTOK - 1n) / TOKENS_PER_MTOK;
}

/** USD as an exact decimal without trailing zeros: `"0.000412"`, `"0"`, `"-12.5"`. */
export function formatNanos(nanos: bigint): string {
  const sign = nanos < 0n ? '-' : '';
  const amount = nanos < 0n ? -nanos : nanos;
  const fraction = String(amount % NANOS_PER_USD)
    .padStart(9, '0')
    .replace(/0+$/, '');
  return `${sign}${amount / NANOS_PER_USD}${fraction === '' ? '' : `.${fraction}`}`;
}

/**
 * Nano-USD of an exact decimal such as `"0.25"`.
 * @throws Error when the text is no plain decimal, has more than 9 decimals, or is a billion or more.
 */
export function parseUsd(text: string): bigint {
  const match = EXACT_USD.exec(text);
  if (!match) {
    throw new Error(
      `${JSON.stringify(text)} is no amount in USD: write a plain decimal below one billion with at most 9 decimals, such as "0.25"`,
    );
  }
  const [, sign, whole = '', fraction = ''] = match;
  const nanos = BigInt(whole + fraction.padEnd(9, '0'));
  return sign === '-' ? -nanos : nanos;
}

/**
 * Nano-USD per million tokens of a listed price in USD per million tokens. Price lists hold floats such as
 * 0.08333333; what lies beyond the ninth decimal is rounded half up.
 */
export function nanosPerMtok(usdPerMtok: number): bigint {
  if (!(usdPerMtok >= 0))
    throw new Error(`${usdPerMtok} is no price: it must be 0 or more USD per million tokens`);
  return parseUsd(usdPerMtok.toFixed(9));
}

function toTokenCount(tokens: number): bigint {
  if (!Number.isSafeInteger(tokens) || tokens < 0) {
    throw new RangeError(`${tokens} is no number of tokens: it must be a whole number, 0 or more`);
  }
  return BigInt(tokens);
}
