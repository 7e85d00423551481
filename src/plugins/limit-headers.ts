import type { ExecutionArgs } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { limitHeaders } from '../limits/headers.ts';
import type { LimitFacts } from '../limits/limits.ts';

/** Tells in the headers of an HTTP answer how the tightest of the limits stand that its operation met. */
export function useLimitHeaders(): Plugin {
  const factsOf = new WeakMap<Request, LimitFacts[]>();
  function remember({ args }: { args: ExecutionArgs }): void {
    const { request, limitFacts } = args.contextValue as { request: Request; limitFacts: LimitFacts[] };
    factsOf.set(request, limitFacts);
  }
  return {
    onExecute: remember,
    onSubscribe: remember,
    onResponse({ request, response }) {
      for (const [name, value] of limitHeaders(factsOf.get(request) ?? [])) response.headers.set(name, value);
    },
  };
}
