import fc from 'fast-check';
import { expect, it } from 'vitest';
import { redactValue } from '../../src/lib/redact-value.ts';

it.each([
  ['an e-mail address', 'to ada.lovelace+x@mail.example.co.uk, please', 'to [email], please'],
  ['one in another alphabet', 'an müller@exämple.de', 'an [email]'],
  ['the number of a card', '4111111111111111 and 5500-0000-0000-0004', '[card] and [card]'],
  ['a number that is no card’s', 'order 4111111111111112', 'order 4111111111111112'],
  ['a key', 'first\nsk-abcdefgh12345678', 'first\n[redacted]'],
  ['a credential', 'Bearer abcdefgh12345678', 'Bearer [redacted]'],
  ['a number as it is', 4111111111111111, '[card]'],
  ['a secret by its name', { login: { password: 'hunter2' } }, { login: { password: '[redacted]' } }],
  ['a key of an object', { 'ada@example.com': [1, null] }, { '[email]': [1, null] }],
  [
    'nothing else',
    { name: 'Ada', phone: '+49 30 1234567', price: 12.5 },
    { name: 'Ada', phone: '+49 30 1234567', price: 12.5 },
  ],
])('redacts %s', (_, given, expected) => {
  expect(redactValue(given)).toEqual(expected);
});

it('answers JSON for any JSON', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const redacted = redactValue(value);
      expect(JSON.parse(JSON.stringify(redacted))).toEqual(redacted);
    }),
  );
});

it.each(['a@', '1 ', 'a.a@a.', '"password":"', 'sk-', '://'])('takes a megabyte of %s', (part) => {
  const text = part.repeat(1_000_000 / part.length);
  expect(typeof redactValue(text)).toBe('string');
});
