import { z } from 'zod';
import { parseUsd } from '../lib/money.ts';
import { choice, mapOf, quote, wholeNumber } from './rules.ts';

const SENSITIVITY = { least: 1, most: 100 };
/** A week: what must hold longer is set by hand. */
const BRAKE_MINUTES_MAX = 10_080;

const AMOUNT_FORM = 'USD, more than 0, such as "1", with at most 9 decimals';
const amount = z
  .union([z.string(), z.number()], { error: `must be ${AMOUNT_FORM}` })
  .transform((usd, ctx) => {
    const nanos = nanosOf(String(usd));
    if (nanos > 0n) return nanos;
    ctx.addIssue(`is ${quote(usd)}; it must be ${AMOUNT_FORM}`);
    return z.NEVER;
  });

const describeSensitivity = (issue: { input?: unknown }) =>
  `is ${quote(issue.input)}; it must be a number from ${SENSITIVITY.least} to ${SENSITIVITY.most}`;
const sensitivity = z
  .number({ error: describeSensitivity })
  .min(SENSITIVITY.least, { error: describeSensitivity })
  .max(SENSITIVITY.most, { error: describeSensitivity });

/** What counts as unusual use, and what is done about it. */
export const anomalies = mapOf({
  enabled: z.boolean().default(true),
  sensitivity: sensitivity.default(8),
  brake: choice(['none', 'block', 'warn']).default('none'),
  brakeMinutes: wholeNumber(1, BRAKE_MINUTES_MAX).default(60),
  minimumUsd: amount.default(1_000_000_000n),
}).transform(({ minimumUsd: minimumNanos, ...rest }) => ({ ...rest, minimumNanos }));

function nanosOf(text: string): bigint {
  try {
    return parseUsd(text);
  } catch {
    return 0n;
  }
}
