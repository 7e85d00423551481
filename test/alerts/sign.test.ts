import { describe, expect, it } from 'vitest';
import { retryDelayMs } from '../../src/alerts/retry.ts';
import { signWebhook } from '../../src/alerts/sign.ts';

it('a signature is that of the reference implementations of Standard Webhooks', () => {
  const message = {
    id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    sentAt: new Date(1_614_265_330_999),
    body: '{"test": 2432232314}',
  };
  expect(signWebhook('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', message)).toEqual({
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  });
});

describe('the time between attempts', () => {
  const HOUR_MS = 3_600_000;
  const delays = (random: number) => {
    const all: number[] = [];
    for (let attempts = 1; ; attempts += 1) {
      const delayMs = retryDelayMs(attempts, 0, () => random);
      if (delayMs === undefined) return all;
      all.push(delayMs);
    }
  };

  it('grows from seconds to hours, and ends within a day', () => {
    const longest = delays(0);
    expect(longest.slice(0, 4)).toEqual([5_000, 15_000, 45_000, 135_000]);
    expect(longest).toEqual(longest.toSorted((a, b) => a - b));
    const sum = longest.reduce((total, each) => total + each, 0);
    expect(sum).toBeLessThan(24 * HOUR_MS);
    expect(sum).toBeGreaterThan(20 * HOUR_MS);
  });

  it('is less by a random part, so that what failed together does not come back together', () => {
    delays(1).forEach((each, index) => expect(each).toBe((delays(0)[index] ?? 0) * 0.75));
  });

  it('is as long as the receiver asks for, within reason', () => {
    expect(retryDelayMs(1, 60_000)).toBe(60_000);
    expect(retryDelayMs(1, 1_000 * HOUR_MS)).toBe(6 * HOUR_MS);
  });
});
