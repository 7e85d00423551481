import { z } from 'zod';
import { parseUsd } from '../lib/money.ts';
import { isSafeUrl, isUrl } from '../lib/safe-url.ts';
import { referringText } from './references.ts';
import { mapOf, quote, wholeNumber } from './rules.ts';

const MAX_TOKENS = 1_000_000_000;
const TIERS_MAX = 20;

const PRICE_FORM = 'USD, 0 or more, such as "2.5", with at most 9 decimals';
const usd = z.union([z.string(), z.number()], { error: `must be ${PRICE_FORM}` }).transform((amount, ctx) => {
  const text = String(amount);
  if (isPrice(text)) return text;
  ctx.addIssue(`is ${quote(amount)}; it must be ${PRICE_FORM}`);
  return z.NEVER;
});

/** Per million tokens. */
const tokens = {
  input: usd.optional(),
  output: usd.optional(),
  cacheRead: usd.optional(),
  cacheWrite: usd.optional(),
  reasoning: usd.optional(),
};

const tier = mapOf({ fromInputTokens: wholeNumber(1, MAX_TOKENS), ...tokens });
type TokenKey = keyof typeof tokens;
const TOKEN_KEYS = Object.keys(tokens) as TokenKey[];

/** What a model of the config costs. */
export const price = mapOf({
  ...tokens,
  request: usd.optional(),
  image: usd.optional(),
  audioSecond: usd.optional(),
  mchar: usd.optional(),
  tiers: z.array(tier).max(TIERS_MAX, `holds more than ${TIERS_MAX} tiers`).optional(),
}).superRefine((given, ctx) => {
  const report = (path: (string | number)[], message: string) =>
    ctx.addIssue({ code: 'custom', path, message });
  // Without a fee for each request a forgotten half of the price would make answers cheap.
  if (given.request === undefined) {
    for (const key of ['input', 'output'] as const) if (given[key] === undefined) report([key], 'is missing');
  }
  const starts = (given.tiers ?? []).map(({ fromInputTokens }) => fromInputTokens);
  for (const [index, each] of (given.tiers ?? []).entries()) {
    if (starts.indexOf(each.fromInputTokens) < index) {
      report(['tiers', index, 'fromInputTokens'], `repeats ${each.fromInputTokens}`);
    }
    const said = TOKEN_KEYS.filter((key) => each[key] !== undefined);
    if (said.length === 0) report(['tiers', index], 'holds no price');
    for (const key of said.filter((name) => given[name] === undefined)) {
      report(['tiers', index, key], `needs a price for ${key} below it, outside of the tiers`);
    }
  }
});

const LITERAL_LOGIN = /^https?:\/\/(?![^/]*\$\{)[^/]*@/i;

/**
 * Where a price list is: a file, or a URL that nobody on the way can write into. It may hold a password, by reference,
 * so no message shows it.
 */
export function priceSource(lookup: Readonly<Record<string, string>>) {
  const given = z
    .string()
    .min(1, 'is empty')
    .refine((text) => !LITERAL_LOGIN.test(text), {
      error: 'holds a user or a password; write it as a reference such as "${MY_TOKEN}"',
    });
  return given.pipe(referringText(lookup)).refine((text) => !isUrl(text) || isSafeUrl(text), {
    error: 'must be a file or a URL that begins with https://; http:// only on this machine',
  });
}

function isPrice(text: string): boolean {
  try {
    return parseUsd(text) >= 0n;
  } catch {
    return false;
  }
}
