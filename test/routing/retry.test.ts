import { describe, expect, it } from 'vitest';
import { afterRequest, afterRetry, backoffMs, FULL_RETRY_BUDGET } from '../../src/routing/retry.ts';
import { createRandom } from './support/worlds.ts';

describe('the retry budget', () => {
  it('adds at most a fifth to the requests, and what was saved up, when everything fails', () => {
    let budget = FULL_RETRY_BUDGET;
    let retries = 0;
    for (let request = 0; request < 1_000; request += 1) {
      budget = afterRequest(budget);
      for (let left = afterRetry(budget); left; left = afterRetry(budget)) {
        budget = left;
        retries += 1;
      }
    }
    expect(retries).toBeGreaterThanOrEqual(200);
    expect(retries).toBeLessThanOrEqual(200 + FULL_RETRY_BUDGET.tokens);
  });

  it('lets somebody with one request retry it, and saves up no more than ten', () => {
    expect(afterRetry(FULL_RETRY_BUDGET)).toEqual({ tokens: 9 });
    expect(afterRequest(FULL_RETRY_BUDGET)).toEqual(FULL_RETRY_BUDGET);
    expect(afterRetry({ tokens: 0.8 })).toBeUndefined();
  });
});

describe('the wait before a retry', () => {
  const waits = (retry: number, retryAfterMs?: number) => {
    const random = createRandom(retry + 1);
    return Array.from({ length: 1_000 }, () => backoffMs(retry, random, retryAfterMs));
  };

  it.each([
    { retry: 0, ceiling: 250 },
    { retry: 1, ceiling: 500 },
    { retry: 3, ceiling: 2_000 },
    { retry: 9, ceiling: 8_000 },
    { retry: 5_000, ceiling: 8_000 },
  ])('is spread evenly up to $ceiling ms for retry $retry', ({ retry, ceiling }) => {
    const all = waits(retry);
    expect(Math.max(...all)).toBeLessThanOrEqual(ceiling);
    expect(Math.max(...all)).toBeGreaterThan(0.95 * ceiling);
    expect(Math.min(...all)).toBeLessThan(0.05 * ceiling);
  });

  it('is never shorter than the vendor asked for', () => {
    expect(Math.min(...waits(0, 3_000))).toBeGreaterThanOrEqual(3_000);
  });
});
