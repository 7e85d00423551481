import { z } from 'zod';
import { verdict, type GraderKind } from './grader-kind.ts';
import { pointer } from './pointer.ts';
import { readExpected, readJson, show } from './read-answer.ts';

/** As JSON writes it: no currency, no thousands, no words around it. */
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** Two numbers are no further apart than one of two tolerances. */
export const numeric: GraderKind<'NUMERIC'> = {
  type: 'NUMERIC',
  key: 'numeric',
  threshold: 1,
  needsExpected: true,
  settings: z.strictObject({
    path: pointer.optional(),
    absolute: z.number().min(0).default(0),
    relative: z.number().min(0).default(0),
  }) as GraderKind<'NUMERIC'>['settings'],
  grade({ path, absolute, relative }, { output, expected: given }) {
    const expected = toNumber(readExpected(given, path));
    if (expected === undefined) return verdict(false, `expected is ${show(given)}, which is no number`);
    const read =
      path === undefined && output.object === undefined ? { value: output.text } : readJson(output, path);
    if ('fault' in read) return verdict(false, read.fault);
    const value = toNumber(read.value);
    if (value === undefined) return verdict(false, `the answer is ${show(read.value)}, which is no number`);
    const allowed = Math.max(absolute, relative * Math.abs(expected));
    const distance = Math.abs(value - expected);
    return verdict(
      distance <= allowed,
      `the answer is ${value}, ${distance} from ${expected}; ${allowed} is allowed`,
    );
  },
};

function toNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string' || !NUMBER.test(value.trim())) return undefined;
  const number = Number(value);
  return Number.isFinite(number) ? number : undefined;
}
