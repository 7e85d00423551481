import type { Clock } from '../../lib/clock.ts';

/** A vendor that asks for longer is asked again after this; its quota may have been raised meanwhile. */
const LONGEST_MS = 3_600_000;
/** After a refusal that does not say how long: doubled with each further one in a row. */
const FIRST_MS = 500;
const BACKOFF_MS = 30_000;

/** The time in which no call is made because the vendor wants none. */
export interface Pause {
  /** @param retryAfterMs as the vendor said it. */
  refused(retryAfterMs: number | undefined): void;
  accepted(): void;
  leftMs(): number;
  /** Whether the vendor has taken nothing since it refused: then it is asked once before it is asked more. */
  inDoubt(): boolean;
}

export function createPause(clock: Pick<Clock, 'monotonicMs'>): Pause {
  let untilMs = 0;
  let inARow = 0;
  return {
    refused(retryAfterMs) {
      const backoffMs = Math.min(BACKOFF_MS, FIRST_MS * 2 ** inARow);
      inARow += 1;
      const ms = Math.min(LONGEST_MS, retryAfterMs ?? backoffMs);
      untilMs = Math.max(untilMs, clock.monotonicMs() + ms);
    },
    accepted() {
      inARow = 0;
    },
    leftMs: () => Math.max(0, untilMs - clock.monotonicMs()),
    inDoubt: () => inARow > 0,
  };
}
