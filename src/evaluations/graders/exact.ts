import { z } from 'zod';
import { verdict, type GraderKind } from './grader-kind.ts';
import { pointer } from './pointer.ts';
import { readExpected, readJson, readText, show, toText } from './read-answer.ts';

/** The answer is what is expected, letter by letter; JSON in its canonical form (RFC 8785). */
export const exact: GraderKind<'EXACT'> = {
  type: 'EXACT',
  key: 'exact',
  threshold: 1,
  needsExpected: true,
  settings: z.strictObject({
    path: pointer.optional(),
    trim: z.boolean().default(true),
    ignoreCase: z.boolean().default(false),
  }) as GraderKind<'EXACT'>['settings'],
  grade({ path, trim, ignoreCase }, { output, expected: given }) {
    const expected = readExpected(given, path);
    const isText = typeof expected === 'string';
    const read = isText ? readText(output, path) : readJson(output, path);
    if ('fault' in read) return verdict(false, read.fault);
    const form = (value: unknown) => {
      const text = toText(value);
      const trimmed = trim ? text.trim() : text;
      return ignoreCase ? trimmed.toLowerCase() : trimmed;
    };
    return form(read.value) === form(expected)
      ? verdict(true, 'the answer is what is expected')
      : verdict(false, `the answer is ${show(read.value)}; expected is ${show(expected)}`);
  },
};
