import { z } from 'zod';
import { referringTexts } from './references.ts';
import { httpUrl, mapOf, wholeNumber } from './rules.ts';

/** Short enough to go into a URL of the flag service as it is. */
const flagName = z
  .string()
  .regex(
    /^[A-Za-z0-9][\w.:-]{0,99}$/,
    'is no name of a flag; use up to 100 of A-Z, a-z, 0-9, "_", ".", ":" and "-"',
  );

/** Where the flags come from that conditions of routes name. */
export function flags(lookup: Readonly<Record<string, string>>) {
  return mapOf({
    ofrep: mapOf({ url: httpUrl, headers: referringTexts(lookup).default({}) }).optional(),
    static: z.record(flagName, z.boolean()).optional(),
    timeoutMs: wholeNumber(1, 10_000).default(100),
    cacheMs: wholeNumber(1, 3_600_000).default(5_000),
  }).superRefine(({ ofrep, static: values }, ctx) => {
    if (ofrep && values) ctx.addIssue('has both "ofrep" and "static"; flags come from one of them');
  });
}
