import type { ExecutionArgs } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { LimitStanding, LimitUnit } from '../domain/limit.ts';
import type { LimitFacts } from '../limits/limits.ts';
import { retryAfterSeconds } from './refusal.ts';

/** The units that clients of AI vendors know headers for. */
const NAMES: Partial<Record<LimitUnit, string>> = {
  REQUESTS_PER_MINUTE: 'requests',
  TOKENS_PER_MINUTE: 'tokens',
};

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
      for (const [name, value] of headersOf(factsOf.get(request) ?? [])) response.headers.set(name, value);
    },
  };
}

function headersOf(facts: readonly LimitFacts[]): [name: string, value: string][] {
  const headers = Object.entries(NAMES).flatMap(([unit, name]): [string, string][] => {
    const [tightest] = facts
      .flatMap(({ standings }) => standings)
      .filter(({ limit }) => limit.unit === unit)
      .toSorted((a, b) => a.remaining - b.remaining);
    return tightest ? describe(name, tightest) : [];
  });
  const waits = facts.flatMap(({ refusal }) => (refusal && retryAfterSeconds(refusal)) ?? []);
  return waits.length === 0 ? headers : [...headers, ['retry-after', String(Math.max(...waits))]];
}

/** Names and forms are those of OpenAI, which most clients read. */
function describe(name: string, { limit, remaining, resetMs = 0 }: LimitStanding): [string, string][] {
  return [
    [`x-ratelimit-limit-${name}`, String(limit.max)],
    [`x-ratelimit-remaining-${name}`, String(remaining)],
    [`x-ratelimit-reset-${name}`, `${resetMs / 1_000}s`],
  ];
}
