import { z } from 'zod';

/** Rules that several settings share. Their messages are the rest of a sentence that begins with the setting. */

export function wholeNumber(min: number, max: number) {
  const error = (issue: { input?: unknown }) =>
    issue.input === undefined
      ? 'is missing'
      : `is ${quote(issue.input)}; it must be a whole number from ${min} to ${max}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
}

/** The same in a variable, where everything is text. */
export function wholeNumberText(min: number, max: number) {
  return z.string().transform((text, ctx) => {
    const number = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (number >= min && number <= max) return number;
    ctx.addIssue(`is ${quote(text)}; it must be a whole number from ${min} to ${max}`);
    return z.NEVER;
  });
}

export function choice<const Values extends readonly [string, ...string[]]>(values: Values) {
  return z.enum(values, {
    error: (issue) => `is ${quote(issue.input)}; it must be one of ${values.join(', ')}`,
  });
}

/** A map with known keys only, so that a misspelt one is told and not ignored. */
export function mapOf<Shape extends z.ZodRawShape>(shape: Shape) {
  const known = `is not known; known here: ${Object.keys(shape).join(', ')}`;
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? known : undefined),
  });
}

/** Its value may hold a password where it is wrong, so no message shows it. */
export const httpUrl = z.string().superRefine((text, ctx) => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol)) {
    ctx.addIssue('must be a URL that begins with http:// or https://');
  } else if (url.username !== '' || url.password !== '') {
    ctx.addIssue('holds a user or a password; write them into headers, by reference');
  }
});

/** A value for a message. Never of a setting that may hold a secret. */
export function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
