import type { Quota } from '../../domain/quota.ts';
import type { Clock } from '../../lib/clock.ts';

/**
 * The longest that no call is made because a vendor says that nothing is left. What it calls its reset is when everything is
 * there again (OpenAI, Anthropic); some of it is much sooner.
 */
const STILL_AT_MOST_MS = 5_000;
/** How long a figure without a reset is believed. */
const BELIEVED_MS = 10_000;
/** Answers that the usual size of a call is the mean of, roughly. */
const SAMPLES = 20;

/** What a vendor's own headers let through. */
export interface Allowance {
  hear(quota: Quota): void;
  /** Tokens that a call came to. */
  spent(tokens: number): void;
  /** How many calls may be under way by what was heard last: at least 1, Infinity when nothing is known. */
  calls(): number;
  /** Until calls may begin again; 0 when they may. */
  stillMs(): number;
  /** Until what was heard no longer counts. */
  leftMs(): number;
}

/** Every answer brings new figures, so a call more or less is soon put right. */
export function createAllowance(clock: Pick<Clock, 'monotonicMs'>): Allowance {
  let tokensOfCall = 0;
  let calls = Infinity;
  let stillUntilMs = 0;
  let untilMs = 0;
  const left = (untilTime: number) => (untilTime === 0 ? 0 : Math.max(0, untilTime - clock.monotonicMs()));
  return {
    hear({ remainingRequests = Infinity, remainingTokens = Infinity, resetMs }) {
      const now = clock.monotonicMs();
      calls = Math.max(
        1,
        Math.floor(Math.min(remainingRequests, remainingTokens / Math.max(1, tokensOfCall))),
      );
      untilMs = now + (resetMs ?? BELIEVED_MS);
      const empty = remainingRequests === 0 || remainingTokens === 0;
      if (empty) stillUntilMs = now + Math.min(resetMs ?? 0, STILL_AT_MOST_MS);
    },
    spent(tokens) {
      tokensOfCall += (tokens - tokensOfCall) / (tokensOfCall === 0 ? 1 : SAMPLES);
    },
    calls: () => (left(untilMs) > 0 ? calls : Infinity),
    stillMs: () => left(stillUntilMs),
    leftMs: () => left(untilMs),
  };
}
