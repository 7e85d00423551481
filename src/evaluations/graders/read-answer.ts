import canonicalize from 'canonicalize';
import { isTooDeep, MAX_JSON_LEVELS } from '../../lib/json-depth.ts';
import type { Subject } from './grader-kind.ts';
import { follow } from './pointer.ts';

/** Longer answers are not graded: some graders look at each part of one more than once. */
export const ANSWER_CHARS_MAX = 256 * 1024;
const VALUES_MAX = 10_000;
const SHOWN_CHARS = 200;

/** What a grader reads of an answer, or why there is nothing to read. */
type Reading<T> = { value: T } | { fault: string };

/** The answer, or what stands at a place in it, as JSON. */
export function readJson({ text, object }: Subject['output'], path = ''): Reading<unknown> {
  let whole = object;
  if (whole === undefined) {
    try {
      whole = JSON.parse(text);
    } catch {
      return { fault: `the answer is no JSON: ${show(text)}` };
    }
  }
  if (isTooDeep(whole)) return { fault: `the answer is nested deeper than ${MAX_JSON_LEVELS} levels` };
  if (countValues(whole) > VALUES_MAX) return { fault: `the answer holds more than ${VALUES_MAX} values` };
  const value = follow(whole, path);
  return value === undefined ? { fault: `the answer has nothing at ${path}` } : { value };
}

/** The same as text: text as it is, all else as JSON in its canonical form. */
export function readText(output: Subject['output'], path: string | undefined): Reading<string> {
  if (path === undefined) return { value: output.text };
  const read = readJson(output, path);
  return 'fault' in read ? read : { value: toText(read.value) };
}

/** What is expected at a place of the answer: there too, unless only that is given. */
export function readExpected(expected: unknown, path = ''): unknown {
  return typeof expected === 'object' && expected !== null ? follow(expected, path) : expected;
}

export function toText(value: unknown): string {
  return typeof value === 'string' ? value : (canonicalize(value) ?? '');
}

/** A value for people, short enough to be read. */
export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}…` : text;
}

function countValues(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1;
  return Object.values(value).reduce<number>((sum, member) => sum + countValues(member), 1);
}
