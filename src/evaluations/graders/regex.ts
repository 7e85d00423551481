import { RE2JS } from 're2js';
import { z } from 'zod';
import { verdict, type GraderKind } from './grader-kind.ts';
import { pointer } from './pointer.ts';
import { readText } from './read-answer.ts';

const PATTERN_MAX = 1_000;

/** Patterns come from callers, so they run on an engine that takes linear time. */
function compile(pattern: string, ignoreCase: boolean): RE2JS {
  return RE2JS.compile(pattern, ignoreCase ? RE2JS.CASE_INSENSITIVE : 0);
}

/** A pattern is found in the answer, or is not, where it must not be. */
export const regex: GraderKind<'REGEX'> = {
  type: 'REGEX',
  key: 'regex',
  threshold: 1,
  needsExpected: false,
  settings: z.strictObject({
    path: pointer.optional(),
    pattern: z
      .string()
      .min(1)
      .max(PATTERN_MAX)
      .superRefine((pattern, ctx) => {
        try {
          compile(pattern, false);
        } catch (error) {
          const message = `is no pattern of RE2: ${(error as Error).message}`;
          ctx.addIssue({ code: 'custom', message });
        }
      }),
    ignoreCase: z.boolean().default(false),
    absent: z.boolean().default(false),
  }) as GraderKind<'REGEX'>['settings'],
  grade({ path, pattern, ignoreCase, absent }, { output }) {
    const read = readText(output, path);
    if ('fault' in read) return verdict(false, read.fault);
    const found = compile(pattern, ignoreCase).matcher(read.value).find();
    return verdict(found !== absent, `the answer ${found ? 'has' : 'does not have'} ${pattern}`);
  },
};
