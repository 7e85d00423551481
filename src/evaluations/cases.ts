import { hash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { DatasetCase } from '../domain/evaluation.ts';
import { InvalidInput, type InputIssue } from '../domain/errors.ts';

/** What one version of a dataset may hold at most. */
export const DATASET_LIMITS = {
  cases: 10_000,
  caseBytes: 64 * 1024,
  bytes: 16 * 1024 * 1024,
} as const;
const NAME_MAX = 256;
/** A file with one fault in each line has them all for one reason. */
const ISSUES_TOLD = 20;

/** A case as somebody brings it. */
export interface WantedCase extends Pick<DatasetCase, 'name' | 'expected'> {
  /** Not checked yet. Whether they are those of a prompt is seen when it runs. */
  variables: unknown;
}

/** A case that is fit to be stored. */
export interface NewCase extends Pick<
  DatasetCase,
  'name' | 'variables' | 'expected' | 'source' | 'completionId' | 'missing'
> {
  /** The same for the same case. */
  contentHash: string;
  bytes: number;
}

/**
 * Checks cases that are uploaded.
 * @param at where they stand in the input.
 * @throws InvalidInput with the faults and their places, the first 20 of them.
 */
export function toUploaded(wanted: readonly WantedCase[], at: string[]): NewCase[] {
  const issues: InputIssue[] = [];
  const cases = wanted.map(({ name, variables, expected }, place) => {
    const path = [...at, String(place)];
    const fault = (key: string, what: string) =>
      void issues.push({ path: [...path, key], message: `${[...path, key].join('.')} ${what}` });
    if (!isObject(variables))
      fault('variables', `is ${nameOf(variables)}; it must be an object with a value for each variable`);
    if (name !== undefined && (name === '' || name.length > NAME_MAX))
      fault('name', `is ${name.length} characters long; it must be 1 to ${NAME_MAX}`);
    const made = toNewCase({
      name,
      variables: isObject(variables) ? variables : {},
      expected,
      source: 'UPLOADED',
      completionId: undefined,
      missing: [],
    });
    if (made.bytes > DATASET_LIMITS.caseBytes)
      fault(
        'variables',
        `and what is expected are ${made.bytes} bytes; at most ${DATASET_LIMITS.caseBytes} fit`,
      );
    return made;
  });
  if (issues.length > 0) throw new InvalidInput(issues.slice(0, ISSUES_TOLD));
  return cases;
}

export function toNewCase(given: Omit<NewCase, 'contentHash' | 'bytes'>): NewCase {
  const { name, variables, expected, completionId, missing } = given;
  const text = canonicalize({ name, variables, expected, completionId, missing }) ?? '';
  return { ...given, contentHash: hash('sha256', text), bytes: Buffer.byteLength(text) };
}

/**
 * @param cases all that a version is to hold.
 * @throws InvalidInput where they are too many or too large together, or two have one name.
 */
export function ensureFits(
  cases: readonly Pick<NewCase, 'name' | 'bytes'>[],
  { at, already = { cases: 0, bytes: 0 } }: { at: string[]; already?: { cases: number; bytes: number } },
): void {
  const count = already.cases + cases.length;
  const bytes = cases.reduce((sum, each) => sum + each.bytes, already.bytes);
  const refuse = (path: string[], what: string) => {
    throw new InvalidInput([{ path, message: `${path.join('.')} ${what}` }]);
  };
  if (count > DATASET_LIMITS.cases)
    refuse(at, `would make ${count} cases; a dataset holds at most ${DATASET_LIMITS.cases}`);
  if (bytes > DATASET_LIMITS.bytes)
    refuse(at, `would make ${bytes} bytes; a dataset holds at most ${DATASET_LIMITS.bytes}`);
  const names = new Set<string>();
  cases.forEach(({ name }, place) => {
    if (name === undefined) return;
    if (names.has(name))
      refuse([...at, String(place), 'name'], `is ${JSON.stringify(name)}, the name of an earlier case`);
    names.add(name);
  });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function nameOf(value: unknown): string {
  if (value === undefined) return 'missing';
  return Array.isArray(value) ? 'a list' : value === null ? 'null' : `a ${typeof value}`;
}
