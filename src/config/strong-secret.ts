import { z } from 'zod';

const MIN_CHARS = 24;
const MIN_DISTINCT = 8;
/** What stands in examples and templates, and is left standing. */
const KNOWN_DEFAULT =
  /change[-_ ]?(me|this)|replace[-_ ]?(me|this|with)|your[-_ ].*(key|secret|password|token)|placeholder|example|default[-_ ]?(key|secret|password)|(password|secret|admin|master|letmein|qwerty)[-_ ]*\d*$/i;

/** A secret that cannot be guessed; the messages never show it. */
export const strongSecret = z.string().superRefine((secret, ctx) => {
  if (secret.length < MIN_CHARS) {
    ctx.addIssue(
      `is ${secret.length} characters long; it must have at least ${MIN_CHARS}, for instance of "openssl rand -hex 32"`,
    );
  } else if (KNOWN_DEFAULT.test(secret) || new Set(secret).size < MIN_DISTINCT || isRepetition(secret)) {
    ctx.addIssue('can be guessed; use random characters, for instance of "openssl rand -hex 32"');
  }
});

/** The same few characters over and over. */
function isRepetition(text: string): boolean {
  const lengths = Array.from({ length: Math.floor(text.length / 2) }, (_, index) => index + 1);
  return lengths.some((length) => text.slice(length) === text.slice(0, -length));
}
