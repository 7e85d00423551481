import type { Clock } from '../../lib/clock.ts';

/** Samples that each average looks back over, roughly. */
const SHORT = 10;
const LONG = 200;
/** The usual time is learned in steps no closer than this: else a hundred calls at once would make a bad minute the usual. */
const LEARN_EVERY_MS = 1_000;
/** Before so many answers nothing is known. */
const FEWEST = 10;
/** First words come sooner and later by themselves; up to this factor it means nothing. */
const TOLERANCE = 2;
/** The most that one look asks for. */
const STEEPEST = 0.5;
/** When the usual time is this far above what is seen now, it was learned in a bad hour and is unlearned faster. */
const RECOVERED = 2;
const UNLEARN = 0.9;

/** Whether the first words of answers come later than they used to. */
export interface Drift {
  /** @returns 1 while they come as usual, down to 0.5 the later they come. */
  add(firstTokenMs: number): number;
}

/**
 * The gradient between a long and a short moving average, after Netflix' Gradient2Limit; the short average stands in for its
 * single sample, since the first words of two prompts differ more than the times of two requests of a service do.
 * https://github.com/Netflix/concurrency-limits (Gradient2Limit.java)
 */
export function createDrift(clock: Pick<Clock, 'monotonicMs'>): Drift {
  let count = 0;
  let learned = 0;
  let learnedMs = 0;
  let short = 0;
  let long = 0;
  return {
    add(firstTokenMs) {
      count += 1;
      const ms = Math.max(1, firstTokenMs);
      short += (ms - short) * weight(SHORT, count);
      const now = clock.monotonicMs();
      if (count <= FEWEST || now - learnedMs >= LEARN_EVERY_MS) {
        learned += 1;
        learnedMs = now;
        long += (ms - long) * weight(LONG, learned);
      }
      if (long / short > RECOVERED) long *= UNLEARN;
      if (count < FEWEST) return 1;
      return Math.max(STEEPEST, Math.min(1, (TOLERANCE * long) / short));
    },
  };
}

/** A plain mean at first, then exponential. */
function weight(samples: number, count: number): number {
  return Math.max(1 / count, 2 / (samples + 1));
}
