import { createGraphQLError, type Plugin } from 'graphql-yoga';

/**
 * Refuses variables that are nested too deep or have too many members, before anybody walks them: coercion, validation
 * and hashing of an input all take a step for each member and a place on the stack for each level.
 */
export function useVariableLimits(limits: { variableDepth: number; variableValues: number }): Plugin {
  return {
    onParams({ params: { variables, extensions } }) {
      for (const [name, value] of [
        ['variables', variables],
        ['extensions', extensions],
      ] as const) {
        const fault = findFault(value, limits);
        if (fault) throw refusal(name, fault);
      }
    },
  };
}

type Fault = { code: string; what: string } | undefined;

/** Level by level and without recursion, so that it cannot itself be what overflows. */
function findFault(
  value: unknown,
  { variableDepth, variableValues }: Parameters<typeof useVariableLimits>[0],
): Fault {
  let values = 0;
  let level = isNested(value) ? [value] : [];
  for (let depth = 1; level.length > 0; depth += 1) {
    if (depth > variableDepth)
      return { code: 'VARIABLES_TOO_DEEP', what: `be nested ${variableDepth} levels deep at most` };
    const next: object[] = [];
    for (const parent of level) {
      const members: unknown[] = Array.isArray(parent) ? parent : Object.values(parent);
      values += members.length;
      if (values > variableValues)
        return { code: 'VARIABLES_TOO_LARGE', what: `hold ${variableValues} values at most` };
      for (const member of members) if (isNested(member)) next.push(member);
    }
    level = next;
  }
  return undefined;
}

function isNested(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function refusal(name: string, { code, what }: NonNullable<Fault>) {
  return createGraphQLError(`"${name}" may ${what}`, {
    extensions: { code, http: { spec: true, status: 400 } },
  });
}
