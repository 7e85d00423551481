import { isDeepStrictEqual } from 'node:util';

/** One difference between two values. */
export interface Difference {
  path: string[];
  /** Undefined where nothing was said. */
  before: unknown;
  after: unknown;
}

type Members = Record<string, unknown>;

/** Goes down into what has members on both sides; also into lists of such, by their places. */
export function diffMembers(path: string[], before: Members, after: Members): Difference[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names]
    .filter((name) => !isDeepStrictEqual(before[name], after[name]))
    .flatMap((name) => {
      const [from, to] = [before[name], after[name]];
      const inner = [...path, name];
      return hasMembers(from) && hasMembers(to)
        ? diffMembers(inner, from, to)
        : [{ path: inner, before: from, after: to }];
    });
}

/** Settings with settings of their own, such as a canary; also a list of them. */
function hasMembers(value: unknown): value is Members {
  if (Array.isArray(value)) return value.every(hasMembers);
  return typeof value === 'object' && value !== null;
}
