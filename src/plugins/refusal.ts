import type { GraphQLError, GraphQLErrorExtensions } from 'graphql';
import { createGraphQLError } from 'graphql-yoga';
import { RateLimited, type GatewayError } from '../domain/errors.ts';

/** A refusal at the top level of an answer, with its status and, for a limit, the facts of it. */
export function toRefusal(error: GatewayError): GraphQLError {
  return createGraphQLError(error.message, { extensions: refusalExtensions(error) });
}

/** What a program wants to know of a refusal; `http` becomes the status and the headers of the answer. */
export function refusalExtensions(error: GatewayError): GraphQLErrorExtensions {
  const { code, status, retryAfterMs } = error;
  const standing = error instanceof RateLimited ? error.standing : undefined;
  const limit = standing && {
    scope: standing.limit.scope,
    unit: standing.limit.unit,
    limit: standing.limit.max,
    remaining: standing.remaining,
  };
  const seconds = retryAfterSeconds(error);
  const headers: Record<string, string> = seconds === undefined ? {} : { 'retry-after': String(seconds) };
  return { code, ...limit, ...(retryAfterMs !== undefined && { retryAfterMs }), http: { status, headers } };
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
