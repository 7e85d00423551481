/** How large a JSON value may be. */
export interface JsonBounds {
  /** Levels of objects and lists within each other. */
  depth: number;
  /** Members of all of them together. */
  values: number;
}

/**
 * Which bound a value passes, before anybody walks it: whatever checks, hashes or renders it takes a step for each member
 * and a place on the stack for each level. Level by level and without recursion, so that this cannot itself overflow.
 */
export function findExcess(value: unknown, bounds: JsonBounds): keyof JsonBounds | undefined {
  let values = 0;
  let level = isNested(value) ? [value] : [];
  for (let depth = 1; level.length > 0; depth += 1) {
    if (depth > bounds.depth) return 'depth';
    const next: object[] = [];
    for (const parent of level) {
      const members: unknown[] = Array.isArray(parent) ? parent : Object.values(parent);
      values += members.length;
      if (values > bounds.values) return 'values';
      for (const member of members) if (isNested(member)) next.push(member);
    }
    level = next;
  }
  return undefined;
}

function isNested(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
