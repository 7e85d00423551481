import { RateLimited, type GatewayError } from './errors.ts';

/** What a program wants to know of a refusal, beside its message. */
export interface RefusalFacts {
  code: GatewayError['code'];
  /** Of a limit of ours. */
  scope?: string;
  unit?: string;
  limit?: number;
  remaining?: number;
  /** Where it is known. */
  retryAfterMs?: number;
}

export function refusalFacts(error: GatewayError): RefusalFacts {
  const { code, retryAfterMs } = error;
  const standing = error instanceof RateLimited ? error.standing : undefined;
  const limit = standing && {
    scope: standing.limit.scope,
    unit: standing.limit.unit,
    limit: standing.limit.max,
    remaining: standing.remaining,
  };
  return { code, ...limit, ...(retryAfterMs !== undefined && { retryAfterMs }) };
}

/**
 * For the header of that name: https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
 * @returns undefined for what never fits, or nobody knows when. A place under a limit may be free at any moment.
 */
export function retryAfterSeconds(error: GatewayError): number | undefined {
  const { retryable, retryAfterMs } = error;
  if (retryable && retryAfterMs !== undefined) return Math.ceil(retryAfterMs / 1_000);
  return retryable && error instanceof RateLimited ? 1 : undefined;
}
