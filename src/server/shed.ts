import type { ServerResponse } from 'node:http';
import type { Overloaded } from '../domain/errors.ts';

/** Tells why new work is refused now; undefined while it is taken. Running work goes on in any case. */
export type FindShedding = () => Overloaded | undefined;

/** https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3 */
export function retryAfterHeader(retryAfterMs: number): string {
  return String(Math.ceil(retryAfterMs / 1_000));
}

/** Answers a request that was not looked at: its body is neither awaited nor read. */
export function answerShed(
  response: ServerResponse,
  { message, code, retryAfterMs = 0, status }: Overloaded,
  requestId: string,
): void {
  const body = JSON.stringify({ errors: [{ message, extensions: { code, requestId, retryAfterMs } }] });
  response
    .writeHead(status, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      'retry-after': retryAfterHeader(retryAfterMs),
    })
    .end(body);
}
