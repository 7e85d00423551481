import { SluiceError, type ErrorDetail } from './sluice-error.ts';

interface ResultError {
  message: string;
  extensions?: { code?: string; path?: string[] };
}

/** One answer of a GraphQL server, over any transport. */
export interface Result {
  data?: unknown;
  errors?: readonly ResultError[];
}

/** @throws SluiceError when anything is wrong, also when there is data beside the errors. */
export function dataOf({ data, errors }: Result): unknown {
  if (errors) throw toSluiceError(errors);
  return data;
}

export function toSluiceError(errors: readonly ResultError[]): SluiceError {
  const [first = { code: 'NO_GRAPHQL', message: 'the answer has neither data nor errors' }, ...rest] =
    errors.map(toDetail);
  return new SluiceError([first, ...rest]);
}

function toDetail({ message, extensions }: ResultError): ErrorDetail {
  return { code: extensions?.code ?? 'BAD_REQUEST', message, path: extensions?.path ?? null };
}
