import { z } from 'zod';

const MIN_CHARS = 32;
const MIN_DISTINCT = 8;
/** What people write where a secret should be. */
const STOCK_WORDS = new RegExp(
  'change[-_ ]?me|passw[o0]rd|secret|admin|default|example|placeholder|insert|replace|your|test|demo|sluice|' +
    'master|token|letmein|qwerty(?:uiop)?|foo|bar|api|key|here|this|\\bsk\\b|0?123456789(?:0|abcdef)?|' +
    '1234(?:5|56|567|5678)?|abcdef(?:ghijklmnopqrstuvwxyz)?',
  'gi',
);

/** A secret that cannot be guessed; the messages never show it. */
export const strongSecret = z.string().superRefine((secret, ctx) => {
  if (secret.length < MIN_CHARS) {
    ctx.addIssue(
      `is ${secret.length} characters long; it must have at least ${MIN_CHARS}, for instance of "openssl rand -hex 32"`,
    );
  } else if (isGuessable(secret)) {
    ctx.addIssue('can be guessed; use random characters, for instance of "openssl rand -hex 32"');
  }
});

function isGuessable(secret: string): boolean {
  const unusual = secret.replace(STOCK_WORDS, '');
  return new Set(unusual).size < MIN_DISTINCT || isRepetition(secret);
}

/** The same few characters over and over. */
function isRepetition(text: string): boolean {
  const lengths = Array.from({ length: Math.floor(text.length / 2) }, (_, index) => index + 1);
  return lengths.some((length) => text.slice(length) === text.slice(0, -length));
}
