import { hash } from 'node:crypto';
import { takeRandomBytes } from './random.ts';

/** Crockford's base 32 in lower case: no i, l, o, u. https://www.crockford.com/base32.html */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
const BODY = /^[0-7][0-9a-hjkmnp-tv-z]{25}$/;

/** A new id such as `cmpl_06d3vq…`. Ids of one process sort in the order they were made. */
export function newId(prefix: string): string {
  return toId(prefix, newUuidV7());
}

/** The id of what has this content, always and everywhere the same. It looks like any other. */
export function idOfContent(prefix: string, content: string): string {
  return toId(prefix, BigInt(`0x${hash('sha256', content).slice(0, 32)}`));
}

/** @param number of 128 bits. */
function toId(prefix: string, number: bigint): string {
  const digits = number.toString(32).padStart(26, '0');
  return `${prefix}_${digits.replace(/[i-v]/g, (digit) => ALPHABET[Number.parseInt(digit, 32)] ?? '')}`;
}

/** The least id that is made at a time or later: what began before it sorts before it. */
export function leastIdAt(prefix: string, at: Date): string {
  return toId(prefix, BigInt(Math.max(at.getTime(), 0)) << 80n);
}

/** Whether a text has the form of an id with this prefix; not whether anything has that id. */
export function isId(prefix: string, text: string): boolean {
  return text.startsWith(`${prefix}_`) && BODY.test(text.slice(prefix.length + 1));
}

/** A trace id of W3C Trace Context: 32 hexadecimal digits. */
export function newTraceId(): string {
  return takeRandomBytes(16).toString('hex');
}

/**
 * The trace that a request belongs to, or a new one where it names none.
 * https://www.w3.org/TR/trace-context/#traceparent-header
 */
export function traceIdOf(traceparent: string | null | undefined): string {
  const [, traceId] = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/.exec(traceparent ?? '') ?? [];
  return traceId ?? newTraceId();
}

let lastMs = 0;
let counter = 0;

/**
 * A UUID of version 7 (RFC 9562) as a number: milliseconds, a 12-bit counter, 62 random bits. The counter is
 * method 1 of section 6.2; when it is full, or the clock steps back, the time of the last id is carried on.
 */
function newUuidV7(): bigint {
  const random = takeRandomBytes(10);
  const nowMs = Date.now();
  counter += 1;
  if (nowMs > lastMs) {
    lastMs = nowMs;
    counter = random.readUInt16BE(8) & 0x7ff;
  } else if (counter > 0xfff) {
    lastMs += 1;
    counter = 0;
  }
  const tail = random.readBigUInt64BE() >> 2n;
  return (BigInt(lastMs) << 80n) | (0x7n << 76n) | (BigInt(counter) << 64n) | (0b10n << 62n) | tail;
}
