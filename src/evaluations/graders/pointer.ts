import { z } from 'zod';

const SEGMENT = /^(?:[^~]|~[01])*$/;
const POINTER_MAX = 500;

/** A JSON Pointer (RFC 6901), as graders take it; the empty one is the whole. */
export const pointer = z
  .string()
  .max(POINTER_MAX)
  .refine((text) => text === '' || (text.startsWith('/') && SEGMENT.test(text)), {
    error: 'is no JSON Pointer such as "/items/0/title"',
  });

/** @returns the keys that a pointer goes through. */
export function keysOf(text: string): string[] {
  return text
    .split('/')
    .slice(1)
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** What a pointer leads to; undefined where there is nothing. */
export function follow(value: unknown, text: string): unknown {
  let at = value;
  for (const key of keysOf(text)) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return undefined;
    at = (at as Record<string, unknown>)[key];
  }
  return at;
}

/** Whether a pattern with `*` for any key means this place. */
export function matches(pattern: readonly string[], place: readonly string[]): boolean {
  return (
    pattern.length === place.length && pattern.every((key, index) => key === '*' || key === place[index])
  );
}

/** A place as people know it. */
export function printPlace(place: readonly string[]): string {
  return place.length === 0
    ? 'the whole'
    : place.map((key) => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
