import { createGraphQLError, type Plugin } from 'graphql-yoga';
import { findExcess } from '../lib/json-bounds.ts';

/**
 * Refuses variables that are nested too deep or have too many members, before anybody walks them: coercion, validation
 * and hashing of an input all take a step for each member and a place on the stack for each level.
 */
export function useVariableLimits(limits: { variableDepth: number; variableValues: number }): Plugin {
  const bounds = { depth: limits.variableDepth, values: limits.variableValues };
  return {
    onParams({ params: { variables, extensions } }) {
      for (const [name, value] of [
        ['variables', variables],
        ['extensions', extensions],
      ] as const) {
        const excess = findExcess(value, bounds);
        if (excess === 'depth')
          throw refusal(name, 'VARIABLES_TOO_DEEP', `be nested ${bounds.depth} levels deep at most`);
        if (excess) throw refusal(name, 'VARIABLES_TOO_LARGE', `hold ${bounds.values} values at most`);
      }
    },
  };
}

function refusal(name: string, code: string, what: string) {
  return createGraphQLError(`"${name}" may ${what}`, {
    extensions: { code, http: { spec: true, status: 400 } },
  });
}
