import type { GraphQLError, GraphQLErrorExtensions } from 'graphql';
import { createGraphQLError } from 'graphql-yoga';
import type { GatewayError } from '../domain/errors.ts';
import { refusalFacts, retryAfterSeconds } from '../domain/refusal-facts.ts';

/** A refusal at the top level of an answer, with its status and, for a limit, the facts of it. */
export function toRefusal(error: GatewayError): GraphQLError {
  return createGraphQLError(error.message, { extensions: refusalExtensions(error) });
}

/** What a program wants to know of a refusal; `http` becomes the status and the headers of the answer. */
export function refusalExtensions(error: GatewayError): GraphQLErrorExtensions {
  const seconds = retryAfterSeconds(error);
  const headers: Record<string, string> = seconds === undefined ? {} : { 'retry-after': String(seconds) };
  return { ...refusalFacts(error), http: { status: error.status, headers } };
}
