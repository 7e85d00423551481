import { SluiceError } from './sluice-error.ts';

const MOST_FAILURES = 8;
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5_000;

/** Decides whether and when to try again. */
export interface Patience {
  /** Waits, longer after each failure in a row. Throws the error when trying again is of no use, or was often enough. */
  wait(error: unknown): Promise<void>;
  /** Something went well: what failed before does not count any more. */
  renew(): void;
}

/** @param signal ends a wait at once, with its reason. */
export function createPatience(signal: AbortSignal | undefined): Patience {
  let failures = 0;
  return {
    async wait(error) {
      failures += 1;
      if (!isPassing(error) || failures === MOST_FAILURES) throw error;
      const waitMs = Math.min(FIRST_WAIT_MS * 2 ** (failures - 1), LONGEST_WAIT_MS);
      // Spread out, so that the clients of a gateway that was away do not all come back at one moment.
      await sleep(waitMs * (0.5 + Math.random() / 2), signal);
    },
    renew() {
      failures = 0;
    },
  };
}

function isPassing(error: unknown): boolean {
  return error instanceof SluiceError && (error.code === 'NETWORK' || error.code === 'UNAVAILABLE');
}

function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal?.addEventListener('abort', stop, { once: true });
  });
}
