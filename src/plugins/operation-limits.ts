import { maxAliasesPlugin } from '@escape.tech/graphql-armor-max-aliases';
import { maxDepthPlugin } from '@escape.tech/graphql-armor-max-depth';
import { maxDirectivesPlugin } from '@escape.tech/graphql-armor-max-directives';
import { maxTokensPlugin } from '@escape.tech/graphql-armor-max-tokens';
import { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';

/** Limits of an operation's text, checked while it is parsed and validated, before anything runs. */
export function operationLimits(limits: {
  operationTokens: number;
  operationDepth: number;
  operationAliases: number;
  operationDirectives: number;
}): Plugin[] {
  return [
    maxTokensPlugin({ n: limits.operationTokens, onReject: [refuseAs('QUERY_TOO_LARGE')] }),
    maxDepthPlugin({
      n: limits.operationDepth,
      // A fragment is a way of writing, not a level of the answer.
      flattenFragments: true,
      onReject: [refuseAs('QUERY_TOO_DEEP')],
    }),
    maxAliasesPlugin({ n: limits.operationAliases, onReject: [refuseAs('QUERY_TOO_MANY_ALIASES')] }),
    maxDirectivesPlugin({ n: limits.operationDirectives, onReject: [refuseAs('QUERY_TOO_MANY_DIRECTIVES')] }),
  ];
}

/** Throws at once, so that the costlier validation rules never see the operation. */
function refuseAs(code: string): (context: unknown, error: GraphQLError) => never {
  return (_context, error) => {
    throw new GraphQLError(error.message.replace(/^Syntax Error: /, ''), {
      extensions: { code, http: { spec: true, status: 400 } },
    });
  };
}
