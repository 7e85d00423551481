/** Time as everything else reads it, so that a test can set it. */
export interface Clock {
  /** The date and time, for what is stored. It can jump when the machine's clock is set. */
  now(): Date;
  /** Milliseconds that only ever go forward, for durations. */
  monotonicMs(): number;
}

export const systemClock: Clock = {
  now: () => new Date(),
  monotonicMs: () => performance.now(),
};
