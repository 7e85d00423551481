/** Tokens that retries are paid with. A plain value; each request adds its share. */
export interface RetryBudget {
  tokens: number;
}

/** Retries add at most this share to the requests. */
const RETRY_SHARE = 0.2;
/** What may be saved up: also after a quiet time, retries cannot multiply an outage. */
const MAX_TOKENS = 10;

/** A full one: somebody with few requests may retry too. */
export const FULL_RETRY_BUDGET: RetryBudget = { tokens: MAX_TOKENS };

export function afterRequest({ tokens }: RetryBudget): RetryBudget {
  return { tokens: Math.min(MAX_TOKENS, tokens + RETRY_SHARE) };
}

/** What is left after a retry; undefined: there may be none now. */
export function afterRetry({ tokens }: RetryBudget): RetryBudget | undefined {
  return tokens >= 1 ? { tokens: tokens - 1 } : undefined;
}

const FIRST_BACKOFF_MS = 250;
const MAX_BACKOFF_MS = 8_000;

/**
 * How long to wait before a retry: "full jitter", so that those who failed together do not come back together, and never
 * less than the vendor asked for.
 * @param retry 0 for the first one.
 */
export function backoffMs(retry: number, random: () => number, retryAfterMs = 0): number {
  const ceiling = Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** retry);
  return retryAfterMs + random() * ceiling;
}
