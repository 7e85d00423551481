import type { CompletionFieldsFragment, ErrorCode, UserErrorFieldsFragment } from './generated/graphql.ts';

/** One thing that went wrong: data of an answer, or (without `__typename`) an error of the whole operation. */
export type ErrorDetail =
  | UserErrorFieldsFragment
  | { __typename?: undefined; code: string; message: string; path?: string[] | null };

/**
 * Beside those of the graph: `UNAUTHENTICATED`, `UNAVAILABLE` (the gateway cannot answer now), `NETWORK` (there is
 * no connection, or it was lost) and `NO_GRAPHQL` (what answered is no GraphQL server).
 */
export type SluiceErrorCode =
  | ErrorCode
  | 'UNAUTHENTICATED'
  | 'UNAVAILABLE'
  | 'NETWORK'
  | 'NO_GRAPHQL'
  | (string & {});

/** Why there is no answer. New codes may appear: have a default branch. */
export class SluiceError extends Error {
  override name = 'SluiceError';
  /** Of the first of `errors`. */
  readonly code: SluiceErrorCode;
  readonly errors: readonly [ErrorDetail, ...ErrorDetail[]];
  /** What came so far of a completion that failed. It may have cost something. */
  readonly completion: CompletionFieldsFragment | undefined;

  constructor(
    errors: readonly [ErrorDetail, ...ErrorDetail[]],
    details: { completion?: CompletionFieldsFragment | null; cause?: unknown } = {},
  ) {
    super(errors.map(({ message }) => message).join('; '), { cause: details.cause });
    this.code = errors[0].code;
    this.errors = errors;
    this.completion = details.completion ?? undefined;
  }
}
