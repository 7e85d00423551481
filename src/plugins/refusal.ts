import type { GraphQLError } from 'graphql';
import { createGraphQLError } from 'graphql-yoga';
import { RateLimited, type GatewayError } from '../domain/errors.ts';

/** A refusal at the top level of an answer, with its status and, for a limit, the facts of it. */
export function toRefusal(error: GatewayError): GraphQLError {
  const { message, code, status } = error;
  if (!(error instanceof RateLimited))
    return createGraphQLError(message, { extensions: { code, http: { status } } });
  const { standing, retryAfterMs } = error;
  const limit = standing && {
    scope: standing.limit.scope,
    unit: standing.limit.unit,
    limit: standing.limit.max,
    remaining: standing.remaining,
  };
  const seconds = retryAfterSeconds(error);
  const headers = seconds === undefined ? {} : { 'retry-after': String(seconds) };
  return createGraphQLError(message, {
    extensions: { code, ...limit, retryAfterMs, http: { status, headers } },
  });
}

/** For the header of that name; undefined for what never fits. A place may be free at any moment. */
export function retryAfterSeconds({ retryable, retryAfterMs }: RateLimited): number | undefined {
  if (!retryable) return undefined;
  return retryAfterMs === undefined ? 1 : Math.ceil(retryAfterMs / 1_000);
}
