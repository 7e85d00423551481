import { GatewayError } from '../domain/errors.ts';
import { raceAbort } from '../lib/abort.ts';
import type { ErrorLog } from './errors.ts';

const READY_TIMEOUT_MS = 2_000;

/** Resolves when the gateway can do its work; rejects, or is given up on after two seconds, when it cannot. */
export type ReadyCheck = (signal: AbortSignal) => Promise<void>;

/** Undefined when ready, else the reason. Only a reason that was meant to be read leaves the gateway. */
export async function findUnreadiness(ready: ReadyCheck, log: ErrorLog): Promise<string | undefined> {
  const signal = AbortSignal.timeout(READY_TIMEOUT_MS);
  try {
    await raceAbort(ready(signal), signal);
    return undefined;
  } catch (error) {
    if (error instanceof GatewayError) return error.message;
    if (signal.aborted) return `no answer within ${READY_TIMEOUT_MS} ms`;
    log.error({ err: error }, 'the readiness check failed');
    return 'the readiness check failed';
  }
}
