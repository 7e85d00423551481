import type { LimitStanding, LimitUnit } from '../domain/limit.ts';
import { retryAfterSeconds } from '../domain/refusal-facts.ts';
import type { LimitFacts } from './limits.ts';

/** The units that clients of AI vendors know headers for. */
const NAMES: Partial<Record<LimitUnit, string>> = {
  REQUESTS_PER_MINUTE: 'requests',
  TOKENS_PER_MINUTE: 'tokens',
};

/** All that there can be, for browsers, which show a page only those that are named. */
export const LIMIT_HEADERS: readonly string[] = [
  'retry-after',
  ...['limit', 'remaining', 'reset'].flatMap((fact) =>
    Object.values(NAMES).map((name) => `x-ratelimit-${fact}-${name}`),
  ),
];

/** Tells how the tightest of the limits stand that a request met. */
export function limitHeaders(facts: readonly LimitFacts[]): [name: string, value: string][] {
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
