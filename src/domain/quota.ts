/** What a vendor says that it would still take of one model; undefined is what it does not say. */
export interface Quota {
  remainingRequests: number | undefined;
  remainingTokens: number | undefined;
  /** Until what has least left is there again, in milliseconds. */
  resetMs: number | undefined;
}
