import { GraphQLError } from 'graphql';
import type { ExecutionResult } from 'graphql';
import { isAsyncIterable, mapAsyncIterator } from 'graphql-yoga';
import { GatewayError, InvalidInput } from '../domain/errors.ts';
import { refusalExtensions } from '../plugins/refusal.ts';

/** Where faults of our own are written; a pino logger is one. */
export interface ErrorLog {
  error(details: Record<string, unknown>, message: string): void;
}

/**
 * What a client may see of an error: errors made on purpose as they are, that is a `GatewayError` or a GraphQL
 * error with a code; of anything else only that it happened.
 */
export function maskError(error: unknown): GraphQLError {
  const cause = findCause(error);
  if (cause instanceof GatewayError) {
    const { message, inputPath: path } = cause;
    const issues = cause instanceof InvalidInput ? { issues: cause.issues } : {};
    return relocate(error, message, { ...refusalExtensions(cause), ...(path && { path }), ...issues });
  }
  if (error instanceof GraphQLError && cause instanceof GraphQLError && error.extensions['code'])
    return error;
  const extensions = { code: 'INTERNAL_SERVER_ERROR', unexpected: true, http: { status: 500 } };
  return relocate(error, 'Unexpected error.', extensions, cause);
}

export interface Presentation {
  requestId: string;
  /** A client that left is no fault to write down. */
  signal: AbortSignal;
  log: ErrorLog;
  /** HTTP needs `extensions.http` for its status line, and takes it away itself. */
  hasStatus: boolean;
}

type Presentable = ExecutionResult | AsyncIterable<ExecutionResult>;

/** Gives every error of a result its request id, and writes down the ones that nobody made on purpose. */
export function presentResult(result: Presentable, by: Presentation): Presentable {
  if (isAsyncIterable<ExecutionResult>(result)) {
    return mapAsyncIterator(result, (each) => presentSingle(each, by)) as AsyncIterable<ExecutionResult>;
  }
  return presentSingle(result, by);
}

function presentSingle(result: ExecutionResult, by: Presentation): ExecutionResult {
  if (!result.errors) return result;
  const partial = result.data !== undefined && result.data !== null;
  return { ...result, errors: result.errors.map((error) => presentError(error, partial, by)) };
}

/** Makes a copy: validation errors are cached and shared by every request with the same operation. */
function presentError(error: GraphQLError, partial: boolean, by: Presentation): GraphQLError {
  const { http, unexpected, ...extensions } = error.extensions;
  const { requestId } = by;
  if (unexpected && !by.signal.aborted) {
    by.log.error({ requestId, path: error.path, err: error.originalError ?? error }, 'an operation failed');
  }
  // An answer that holds data is a 200, whatever went wrong in parts of it (GraphQL over HTTP, status codes).
  const keepsStatus = by.hasStatus && !partial && http !== undefined;
  return relocate(error, error.message, { ...extensions, requestId, ...(keepsStatus && { http }) });
}

function findCause(error: unknown): unknown {
  let cause = error;
  while (cause instanceof GraphQLError && cause.originalError) cause = cause.originalError;
  return cause;
}

function relocate(
  error: unknown,
  message: string,
  extensions: Record<string, unknown>,
  cause?: unknown,
): GraphQLError {
  const { nodes, source, positions, path } = error instanceof GraphQLError ? error : {};
  const originalError =
    cause instanceof Error || cause === undefined
      ? cause
      : new Error('something that is no error was thrown');
  return new GraphQLError(message, { nodes, source, positions, path, originalError, extensions });
}
