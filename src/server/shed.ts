import type { ServerResponse } from 'node:http';
import type { Overloaded } from '../domain/errors.ts';
import { retryAfterSeconds } from '../domain/refusal-facts.ts';

/** Tells why new work is refused now; undefined while it is taken. Running work goes on in any case. */
export type FindShedding = () => Overloaded | undefined;

/** Answers a request that was not looked at: its body is neither awaited nor read. */
export function answerShed(response: ServerResponse, refusal: Overloaded, requestId: string): void {
  const { message, code, retryAfterMs, status } = refusal;
  const body = JSON.stringify({ errors: [{ message, extensions: { code, requestId, retryAfterMs } }] });
  response
    .writeHead(status, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      'retry-after': String(retryAfterSeconds(refusal)),
    })
    .end(body);
}
