import { z } from 'zod';
import { verdict, type GraderKind } from './grader-kind.ts';
import { keysOf, matches, pointer, printPlace } from './pointer.ts';
import { readExpected, readJson, show } from './read-answer.ts';

const IGNORED_MAX = 50;

/** Both are the same JSON, whatever the order of keys; the score is the share of values that are the same. */
export const jsonEquality: GraderKind<'JSON_EQUALITY'> = {
  type: 'JSON_EQUALITY',
  key: 'jsonEquality',
  threshold: 1,
  needsExpected: true,
  settings: z.strictObject({
    path: pointer.optional(),
    ignore: z.array(pointer).max(IGNORED_MAX).default([]),
  }) as GraderKind<'JSON_EQUALITY'>['settings'],
  grade({ path, ignore }, { output, expected: given }) {
    const expected = readExpected(given, path);
    const read = readJson(output, path);
    if ('fault' in read) return verdict(false, read.fault);
    const { same, all, first } = compare(read.value, expected, { place: [], ignored: ignore.map(keysOf) });
    if (first === undefined) return verdict(true, 'both are the same');
    return { score: same / all, reason: `${all - same} of ${all} values differ, the first ${first}` };
  },
};

interface Comparison {
  same: number;
  all: number;
  /** Where the first difference is, and which. */
  first: string | undefined;
}

interface Where {
  place: string[];
  ignored: readonly string[][];
}

function compare(value: unknown, expected: unknown, { place, ignored }: Where): Comparison {
  if (ignored.some((pattern) => matches(pattern, place))) return { same: 0, all: 0, first: undefined };
  if (!isContainer(value) || !isContainer(expected) || Array.isArray(value) !== Array.isArray(expected)) {
    if (value === expected) return { same: 1, all: 1, first: undefined };
    const all = Math.max(countLeaves(value), countLeaves(expected));
    const first = `at ${printPlace(place)}: ${show(value)}; expected is ${show(expected)}`;
    return { same: 0, all, first };
  }
  const keys = [...new Set([...Object.keys(expected), ...Object.keys(value)])];
  if (keys.length === 0) return { same: 1, all: 1, first: undefined };
  return keys
    .map((key) => compare(own(value, key), own(expected, key), { place: [...place, key], ignored }))
    .reduce((sum, each) => ({
      same: sum.same + each.same,
      all: sum.all + each.all,
      first: sum.first ?? each.first,
    }));
}

function isContainer(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function own(value: Record<string, unknown>, key: string): unknown {
  return Object.hasOwn(value, key) ? value[key] : undefined;
}

function countLeaves(value: unknown): number {
  if (!isContainer(value)) return 1;
  const count = Object.values(value).reduce<number>((sum, member) => sum + countLeaves(member), 0);
  return Math.max(1, count);
}
