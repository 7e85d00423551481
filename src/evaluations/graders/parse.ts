import { z } from 'zod';
import { GRADER_TYPES, type Grader } from '../../domain/evaluation.ts';
import { InvalidInput } from '../../domain/errors.ts';
import { GRADER_KINDS } from './table.ts';

const GRADERS_MAX = 20;
const ISSUES_TOLD = 20;
const NAME = /^[A-Za-z][A-Za-z0-9 ._-]{0,63}$/;

const KINDS = GRADER_TYPES.map((type) => GRADER_KINDS[type]);
const KEYS = KINDS.map(({ key }) => key);

const graderInput = z
  .strictObject({
    name: z
      .string()
      .regex(NAME, 'must be 1 to 64 letters, digits, spaces, ".", "_" and "-", the first a letter')
      .nullish(),
    threshold: z.number().min(0).max(1).nullish(),
    ...Object.fromEntries(KINDS.map(({ key }) => [key, z.unknown().optional()])),
  })
  .superRefine((given, ctx) => {
    const found = KEYS.filter((key) => memberOf(given, key) != null);
    if (found.length === 1) return;
    const what = found.length === 0 ? 'none' : found.join(' and ');
    ctx.addIssue({ code: 'custom', message: `needs exactly one of ${KEYS.join(', ')}; found ${what}` });
  })
  .transform((given, ctx): Grader => {
    const { type, key, threshold, settings } = KINDS.find((kind) => memberOf(given, kind.key) != null)!;
    const read = settings.safeParse(withoutNulls(memberOf(given, key)));
    if (!read.success) {
      for (const { path, message } of read.error.issues)
        ctx.addIssue({ code: 'custom', path: [key, ...path], message });
      return z.NEVER;
    }
    return {
      name: given.name ?? key,
      type,
      threshold: given.threshold ?? threshold,
      settings: read.data,
    } as Grader;
  });

const gradersInput = z
  .array(graderInput)
  .min(1, 'needs at least one grader')
  .max(GRADERS_MAX)
  .superRefine((graders, ctx) => {
    graders.forEach(({ name }, place) => {
      if (graders.findIndex((other) => other.name === name) < place)
        ctx.addIssue({
          code: 'custom',
          path: [place, 'name'],
          message: `is ${JSON.stringify(name)}, the name of an earlier grader; give it another`,
        });
    });
  });

/**
 * Reads graders as people write them: `[{ name: "urgency", threshold: 1, exact: { path: "/urgency" } }]`. Without a name a
 * grader has that of its type.
 * @param at where they stand in the caller's own document.
 * @throws InvalidInput with the faults and their places.
 */
export function parseGraders(input: unknown, at: string[]): Grader[] {
  const read = gradersInput.safeParse(input);
  if (read.success) return read.data;
  throw new InvalidInput(
    read.error.issues.slice(0, ISSUES_TOLD).map((issue) => {
      const path = [...at, ...issue.path.map(String)];
      return { path, message: `${path.join('.')} ${issue.message}` };
    }),
  );
}

function memberOf(given: object, key: string): unknown {
  return (given as Record<string, unknown>)[key];
}

/** A client may send a null where it means "not given". */
function withoutNulls(settings: unknown): unknown {
  if (typeof settings !== 'object' || settings === null || Array.isArray(settings)) return settings;
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== null));
}
