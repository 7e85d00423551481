/** What is drawn on a limit. */
export interface Draw {
  /** Names the limit and its subject. */
  key: string;
  /** `window`: an amount in a sliding minute. `slots`: work at the same time, one place for each lease. */
  kind: 'window' | 'slots';
  max: number;
  amount: number;
}

/** How a limit stands after an attempt to draw on it. */
export interface Level {
  /** Never below 0. */
  remaining: number;
  /** Until the amount would fit: 0 when it does; undefined when that depends on work under way, or when it never does. */
  waitMs: number | undefined;
  /** Until nothing is used any more; undefined for slots. */
  resetMs: number | undefined;
}

/** The outcome of a draw. */
export interface Outcome {
  taken: boolean;
  /** In the order of the draws, with what was taken. */
  levels: Level[];
  /** The slot of time in which the amounts stand. */
  slot: number;
}

/** An amount that was taken and turned out to be another: `by` is below 0 for what is given back. */
export interface Correction {
  key: string;
  slot: number;
  by: number;
}

/** A minute is cut into this many slots. */
export const SLOTS = 60;
export const MINUTE_MS = 60_000;
