import { GatewayError, InvalidInput } from '../domain/errors.ts';
import { refusalFacts, retryAfterSeconds } from '../domain/refusal-facts.ts';

/** Why a request is refused that never got as far as the gateway's own rules. */
export class Refused extends Error {
  override name = 'Refused';
  readonly status: number;
  readonly code: string;
  readonly headers: Record<string, string>;
  constructor(status: number, code: string, message: string, headers: Record<string, string> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

/** One error as a client reads it. */
export interface ToldError {
  /** Those of the graph, and a few of HTTP's own. New ones may appear. */
  code: string;
  message: string;
  /** Where in the input. */
  path?: string[];
  /** Where it is known: how long to wait before trying again. */
  retryAfterMs?: number;
}

/** What an answer says of its errors. */
export interface ToldErrors {
  status: number;
  headers: Record<string, string>;
  errors: ToldError[];
  requestId: string;
}

/** What a client may see of an error: one that was made on purpose as it is, of anything else only that it happened. */
export function tellErrors(error: unknown, requestId: string): ToldErrors {
  if (error instanceof Refused) {
    const { status, headers, code, message } = error;
    return { status, headers, errors: [{ code, message }], requestId };
  }
  if (!(error instanceof GatewayError)) {
    const errors = [{ code: 'INTERNAL_SERVER_ERROR', message: 'Unexpected error.' }];
    return { status: 500, headers: {}, errors, requestId };
  }
  return { status: error.status, headers: headersOf(error), errors: tellEach(error), requestId };
}

/** The body of an answer that tells of errors. */
export function toEnvelope({ errors, requestId }: ToldErrors): { errors: ToldError[]; requestId: string } {
  return { errors, requestId };
}

function tellEach(error: GatewayError): ToldError[] {
  if (error instanceof InvalidInput)
    return error.issues.map(({ path, message }) => ({ code: error.code, message, path }));
  const { message, inputPath: path } = error;
  return [{ ...refusalFacts(error), message, ...(path && { path }) }];
}

function headersOf(error: GatewayError): Record<string, string> {
  const seconds = retryAfterSeconds(error);
  return {
    ...(seconds !== undefined && { 'retry-after': String(seconds) }),
    // https://www.rfc-editor.org/rfc/rfc9110#section-15.5.2
    ...(error.status === 401 && { 'www-authenticate': 'Bearer' }),
  };
}
