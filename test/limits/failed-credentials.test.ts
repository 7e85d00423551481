import { describe, expect, it } from 'vitest';
import { makeKey } from '../access/support/keys.ts';
import { RateLimited, Unauthenticated } from '../../src/domain/errors.ts';
import type { Principal } from '../../src/domain/principal.ts';
import { throttleFailures } from '../../src/limits/failed-credentials.ts';
import { createLocalStore } from '../../src/limits/shared-store.ts';
import { MINUTE_MS } from '../../src/limits/store.ts';
import { connect, post } from '../server/support/client.ts';
import { DEFAULTS } from '../support/defaults.ts';
import { bootGateway, useGateway } from '../support/gateway.ts';
import { NO_REDIS, startOwnRedis } from './support/own-redis.ts';

const VIEWER = '{ viewer { scopes } }';
const ASK = { query: VIEWER };

const bearing = (secret: string) => ({ headers: { authorization: `Bearer ${secret}` } });

describe('over HTTP', () => {
  const gateway = useGateway();

  it('1,000 wrong keys from one address are throttled, and a right one still works from there', async () => {
    const fresh = await makeKey(gateway(), { scopes: ['COMPLETIONS_WRITE'] });
    const statuses: Record<number, number> = {};
    let last: Response | undefined;
    for (let n = 0; n < 1_000; n += 1) {
      last = await post(gateway().url, ASK, bearing(`sk-sluice-wrong-${n}`));
      const { errors } = (await last.json()) as { errors: { extensions: object }[] };
      expect(errors[0]!.extensions).toMatchObject({
        code: last.status === 429 ? 'RATE_LIMITED' : 'UNAUTHENTICATED',
      });
      statuses[last.status] = (statuses[last.status] ?? 0) + 1;
    }
    // Some more may pass where a minute went by meanwhile.
    expect(statuses[401]).toBeGreaterThanOrEqual(60);
    expect(statuses[429]).toBeGreaterThan(500);
    expect(Number(last!.headers.get('retry-after'))).toBeGreaterThan(0);
    // One that was in use, and one that nobody had used before.
    expect((await gateway().ask(VIEWER)).errors).toBeUndefined();
    expect((await gateway().ask(VIEWER, {}, { key: fresh.secret })).data.viewer.scopes).toEqual([
      'COMPLETIONS_WRITE',
    ]);
    // On a socket it is the same address.
    const client = await connect(gateway().url, { authorization: 'Bearer sk-sluice-wrong' });
    client.subscribe('1', ASK);
    expect(await client.next('1')).toMatchObject({
      type: 'error',
      payload: [{ extensions: { code: 'RATE_LIMITED', retryAfterMs: expect.any(Number) } }],
    });
    client.ws.close();
    // Who shows nothing is told to show something.
    expect((await post(gateway().url, ASK)).status).toBe(401);
  });
});

describe.skipIf(NO_REDIS)('on two instances', () => {
  it('the wrong keys of both are counted together', async () => {
    await using redis = await startOwnRedis();
    const variables = { REDIS_URL: redis.url };
    // On a busy machine a Redis that is there may take longer than it may take elsewhere.
    const config = { timeouts: { ...DEFAULTS.timeouts, sharedLimitsMs: 10_000 } };
    const two = await Promise.all([bootGateway({ config, variables }), bootGateway({ config, variables })]);
    const ask = (n: number) => post(two[n % 2]!.url, ASK, bearing(`sk-sluice-wrong-${n}`));
    const statuses = (await Promise.all(Array.from({ length: 80 }, (_, n) => ask(n)))).map(
      ({ status }) => status,
    );
    expect(statuses.filter((status) => status === 401)).toHaveLength(60);
    for (const gateway of two) await gateway.stop(0);
  });
});

describe('the throttle', () => {
  /** Knows who is right, and how often it was asked. */
  function throttleOf(right: string[]) {
    let nowMs = 0;
    const asked: string[] = [];
    let running = 0;
    let most = 0;
    const authenticate = throttleFailures(
      {
        async authenticate({ authorization = '' }) {
          asked.push(authorization);
          running += 1;
          most = Math.max(most, running);
          await new Promise((resolve) => setImmediate(resolve));
          running -= 1;
          if (!right.includes(authorization)) throw new Unauthenticated();
          return { keyId: authorization } as Principal;
        },
      },
      { store: createLocalStore(() => nowMs, MINUTE_MS), maxPerMinute: 5, monotonicMs: () => nowMs },
    );
    const attempt = (authorization: string, ip = '10.0.0.1') =>
      authenticate({ authorization, ip }).then(
        () => 'right',
        (error: unknown) => (error instanceof RateLimited ? 'throttled' : 'wrong'),
      );
    return { attempt, asked, pass: (ms: number) => (nowMs += ms), mostAtOnce: () => most };
  }

  it('lets as many wrong ones be told as the limit, and more when a minute is over', async () => {
    const { attempt, pass } = throttleOf([]);
    for (let n = 0; n < 5; n += 1) expect(await attempt(`wrong ${n}`)).toBe('wrong');
    expect(await attempt('wrong 5')).toBe('throttled');
    expect(await attempt('wrong 6')).toBe('throttled');
    pass(MINUTE_MS + 1_000);
    expect(await attempt('wrong 7')).toBe('wrong');
  });

  it('counts each address by itself, and of IPv6 each network', async () => {
    const { attempt } = throttleOf([]);
    for (let n = 0; n < 6; n += 1) await attempt(`wrong ${n}`, `2001:db8:1:2:${n}::9`);
    expect(await attempt('wrong', '2001:db8:1:2:ffff::1')).toBe('throttled');
    expect(await attempt('wrong', '2001:db8:1:3::1')).toBe('wrong');
    expect(await attempt('wrong', '10.0.0.1')).toBe('wrong');
  });

  it('looks at unknown ones of a throttled address one at a time, and at few', async () => {
    const { attempt, asked, mostAtOnce } = throttleOf(['known', 'new']);
    expect(await attempt('known')).toBe('right');
    for (let n = 0; n < 6; n += 1) await attempt(`wrong ${n}`);
    const before = asked.length;
    const flood = Array.from({ length: 500 }, (_, n) => attempt(`flood ${n}`));
    // What worked before does not wait behind them.
    expect(await attempt('known')).toBe('right');
    expect(new Set(await Promise.all(flood))).toEqual(new Set(['throttled']));
    expect(asked.length - before).toBeLessThanOrEqual(17);
    expect(mostAtOnce()).toBeLessThanOrEqual(2);
    expect(await attempt('new')).toBe('right');
  });

  it('forgets what worked as soon as it does not any more', async () => {
    const right = ['revoked'];
    const { attempt, asked } = throttleOf(right);
    expect(await attempt('revoked')).toBe('right');
    right.pop();
    for (let n = 0; n < 6; n += 1) await attempt(`wrong ${n}`);
    expect(await attempt('revoked')).toBe('throttled');
    expect(asked.at(-1)).toBe('revoked');
  });
});
