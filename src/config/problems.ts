import type { z } from 'zod';
import type { ConfigProblem } from './config-error.ts';

/** @param locate file and line of a setting. */
export function listProblems(
  error: z.ZodError | undefined,
  locate?: (path: readonly PropertyKey[]) => string | undefined,
): ConfigProblem[] {
  return (error?.issues ?? []).flatMap((issue) =>
    pathsOf(issue).map((path) => ({
      setting: path.map(String).join('.'),
      message: issue.message,
      at: locate?.(path),
    })),
  );
}

/** Unknown keys come as one issue of the map that holds them; each is a problem of its own. */
function pathsOf(issue: z.core.$ZodIssue): PropertyKey[][] {
  return issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [issue.path];
}

const KINDS: Readonly<Record<string, string>> = {
  object: 'a map',
  record: 'a map',
  array: 'a list',
  string: 'text',
  boolean: 'true or false',
};

/** What stands in for a rule's own message. It names no value, because any value may be a secret. */
export function describeType(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code === 'invalid_key') return issue.issues[0]?.message;
  if (issue.code !== 'invalid_type') return undefined;
  return issue.input === undefined ? 'is missing' : `must be ${KINDS[issue.expected] ?? issue.expected}`;
}
