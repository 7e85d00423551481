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

/** What was taken. Each of its draws is settled once, all together or some sooner than others. */
export interface Receipt {
  lease: string;
  draws: readonly Draw[];
  /** Where it stands in the memory of this process. */
  localSlot: number;
  /** Where it stands in Redis; undefined when that was not asked. */
  redisSlot: number | undefined;
}

/** What was drawn on limits, wherever that is kept. Never rejects. */
export interface LimitStore {
  /** Takes from all or from none; with a receipt when it was taken. */
  take(lease: string, draws: readonly Draw[]): Promise<Outcome & { receipt: Receipt | undefined }>;
  /** What `take` would answer. */
  peek(draws: readonly Draw[]): Promise<Outcome>;
  /**
   * Gives the places of the receipt's draws back and corrects the amounts.
   * @param byKey how much more was used than taken, or less when below 0.
   */
  settle(receipt: Receipt, byKey: ReadonlyMap<string, number>): Promise<void>;
  close(): void;
}
