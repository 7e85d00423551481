import { expect, test } from 'vitest';
import { isId, newId, newTraceId } from '../../src/lib/ids.ts';

test('an id is its prefix and 26 characters of Crockford base 32', () => {
  expect(newId('cmpl')).toMatch(/^cmpl_[0-7][0-9a-hjkmnp-tv-z]{25}$/);
});

test('ids of one process sort in the order they were made, also within one millisecond', () => {
  const ids = Array.from({ length: 20_000 }, () => newId('key'));
  expect(ids.toSorted()).toEqual(ids);
  expect(new Set(ids).size).toBe(ids.length);
});

test('an id holds a UUID of version 7: the time in milliseconds, the version and the variant', () => {
  const before = Date.now();
  const uuid = decode(newId('evt').slice(4));
  // The counter may have carried the time on a little when many ids were made just before.
  expect(Number(uuid >> 80n)).toBeGreaterThanOrEqual(before);
  expect((uuid >> 76n) & 0xfn).toBe(7n);
  expect((uuid >> 62n) & 0b11n).toBe(0b10n);
});

test('isId knows the form and the prefix', () => {
  const id = newId('key');
  expect(isId('key', id)).toBe(true);
  for (const wrong of [
    id.slice(0, -1),
    `${id}0`,
    id.toUpperCase(),
    id.replace('key', 'prm'),
    `key_${'i'.repeat(26)}`,
    '',
  ]) {
    expect(isId('key', wrong), wrong).toBe(false);
  }
  expect(isId('ke', id)).toBe(false);
});

test('a trace id is 32 hexadecimal digits, another one each time', () => {
  expect(newTraceId()).toMatch(/^[0-9a-f]{32}$/);
  expect(newTraceId()).not.toBe(newTraceId());
});

function decode(body: string): bigint {
  const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
  return body.split('').reduce((value, digit) => value * 32n + BigInt(alphabet.indexOf(digit)), 0n);
}
