const FIRST_MS = 5_000;
const GROWTH = 3;
const MOST_MS = 6 * 3_600_000;
/** Together these take almost a day. */
const MAX_ATTEMPTS = 12;

/**
 * How long to wait after a failed attempt: 5 seconds, three times that, and so on up to 6 hours, less a random part so
 * that what failed together does not come back together.
 * @param attempts so far, from 1.
 * @param askedForMs what the receiver asked for.
 * @returns undefined when it has been tried often enough.
 */
export function retryDelayMs(
  attempts: number,
  askedForMs = 0,
  random: () => number = Math.random,
): number | undefined {
  if (attempts >= MAX_ATTEMPTS) return undefined;
  const backoffMs = Math.min(FIRST_MS * GROWTH ** (attempts - 1), MOST_MS);
  return Math.max(backoffMs * (1 - random() / 4), Math.min(askedForMs, MOST_MS));
}
