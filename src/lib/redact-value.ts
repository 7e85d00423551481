import { redactSecrets } from './redact.ts';

const EMAIL = /[\p{L}\p{N}.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[\p{L}\p{N}-]{1,63}\.){1,10}\p{L}{2,24}/gu;
/** Of 13 to 19 digits, in groups or not. Whether it is a card's, its last digit says. */
const CARD_LIKE = /(?<![\d.])\d(?:[ -]?\d){12,18}(?![\d.]*\d)/g;

/**
 * A JSON value without what looks like a secret, an e-mail address or the number of a card, in its keys too. What looks like
 * none of these stays: names, addresses, numbers of phones. Linear in its size.
 */
export function redactValue(value: unknown): unknown {
  // Secrets by the name they stand under are seen in the whole only.
  return JSON.parse(redactSecrets(JSON.stringify(walk(value) ?? null)));
}

function walk(value: unknown): unknown {
  if (typeof value === 'string') return redactText(value);
  if (typeof value === 'number') return isCard(String(value)) ? '[card]' : value;
  if (Array.isArray(value)) return value.map(walk);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [redactText(key), walk(member)]));
}

function redactText(text: string): string {
  return redactSecrets(text)
    .replace(EMAIL, '[email]')
    .replace(CARD_LIKE, (digits) => (isCard(digits.replaceAll(/[ -]/g, '')) ? '[card]' : digits));
}

/** By the check digit of ISO/IEC 7812, after Luhn. */
function isCard(digits: string): boolean {
  if (!/^\d{13,19}$/.test(digits)) return false;
  const sum = Array.from(digits)
    .toReversed()
    .reduce((total, digit, place) => {
      const value = Number(digit) * (place % 2 === 0 ? 1 : 2);
      return total + (value > 9 ? value - 9 : value);
    }, 0);
  return sum % 10 === 0;
}
