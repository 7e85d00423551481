import { Agent, request, type Dispatcher } from 'undici';
import type { AddressGuard } from '../lib/safe-address.ts';
import { createSafeConnector } from '../lib/safe-connect.ts';
import { redactSecrets } from '../lib/redact.ts';

const TIMEOUT_MS = 15_000;
/** Nobody reads what a receiver answers; this much is taken so that its connection can be used again. */
const MAX_ANSWER_BYTES = 16 * 1024;
const ERROR_CHARS = 200;

/** What became of one attempt. `gone`: the receiver wants nothing more of it. */
export type Sent =
  | { taken: true }
  | { taken: false; error: string; gone: boolean; retryAfterMs: number | undefined };

/** The connections to receivers; whoever creates them closes them. */
export interface WebhookHttp {
  /** Never throws; the signal ends it early, and then it counts as failed. */
  post(url: string, headers: Record<string, string>, body: string, signal: AbortSignal): Promise<Sent>;
  close(): Promise<void>;
}

/** Redirects are not followed: one into the owner's own network would be asked from inside of it. */
export function createWebhookHttp(guard: AddressGuard): WebhookHttp {
  const dispatcher = new Agent({
    connect: createSafeConnector(guard, { timeout: 5_000 }),
    connections: 16,
    headersTimeout: TIMEOUT_MS,
    bodyTimeout: TIMEOUT_MS,
  });
  return {
    async post(url, headers, body, signal) {
      const within = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
      try {
        const answer = await request(url, { method: 'POST', headers, body, signal: within, dispatcher });
        await answer.body.dump({ limit: MAX_ANSWER_BYTES, signal: within }).catch(() => {});
        return toSent(answer);
      } catch (error) {
        return { taken: false, error: describeFailure(error), gone: false, retryAfterMs: undefined };
      }
    },
    close: () => dispatcher.destroy(),
  };
}

function toSent({ statusCode, headers }: Pick<Dispatcher.ResponseData, 'statusCode' | 'headers'>): Sent {
  if (statusCode >= 200 && statusCode < 300) return { taken: true };
  const seconds = Number(headers['retry-after']);
  return {
    taken: false,
    error: `it answered ${statusCode}`,
    gone: statusCode === 410,
    retryAfterMs: seconds >= 0 ? seconds * 1_000 : undefined,
  };
}

/** An address that has several hosts fails with one error for each and no message of its own. */
function describeFailure(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) return describeFailure(error.errors[0]);
  const message = error instanceof Error ? error.message : String(error);
  return redactSecrets(message).slice(0, ERROR_CHARS);
}
