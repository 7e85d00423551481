import { describe, expect, it } from 'vitest';
import { createHealth } from '../../src/routing/health.ts';
import type { CallEnd } from '../../src/routing/model-health.ts';

const M = 'a/x';

/** The health of models under a clock that is set by hand. */
function healthAt() {
  let nowMs = 1_000;
  const health = createHealth({ monotonicMs: () => nowMs });
  const call = (kind: CallEnd['kind'], more: Partial<CallEnd> = {}): boolean => {
    if (!health.begin(M)) return false;
    health.end(M, { kind, latencyMs: undefined, retryAfterMs: undefined, ...more });
    return true;
  };
  const calls = (count: number, kind: CallEnd['kind']) => {
    for (let index = 0; index < count; index += 1) call(kind);
  };
  return { health, call, calls, pass: (ms: number) => (nowMs += ms), state: () => health.view(M).state };
}

describe('the circuit of a model', () => {
  it('opens after five failures in a row, and lets one call try after a while', () => {
    const { health, calls, pass, state } = healthAt();
    calls(4, 'FAILED');
    expect(health.restingMs(M)).toBe(0);
    calls(1, 'FAILED');
    expect({ rest: health.restingMs(M), begun: health.begin(M), state: state() }).toEqual({
      rest: 5_000,
      begun: false,
      state: 'DOWN',
    });
    pass(5_000);
    expect([health.begin(M), health.begin(M), health.begin(M)]).toEqual([true, false, false]);
    expect(state()).toBe('DEGRADED');
    health.end(M, { kind: 'OK', latencyMs: 100, retryAfterMs: undefined });
    expect({ rest: health.restingMs(M), begun: health.begin(M) }).toEqual({ rest: 0, begun: true });
  });

  it('opens again for twice as long each time that the try fails, up to a minute', () => {
    const { health, calls, call, pass } = healthAt();
    calls(5, 'FAILED');
    const rests: number[] = [];
    for (let round = 0; round < 6; round += 1) {
      rests.push(health.restingMs(M));
      pass(health.restingMs(M));
      call('FAILED');
    }
    expect(rests).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
  });

  it('opens when half of the calls fail, though others succeed in between', () => {
    const { health, call } = healthAt();
    let calls = 0;
    while (health.restingMs(M) === 0 && calls < 100) call((calls += 1) % 2 === 0 ? 'FAILED' : 'OK');
    expect(calls).toBe(20);
  });

  it('stays closed when one in three fails', () => {
    const { health, call, state } = healthAt();
    for (let index = 0; index < 100; index += 1) call(index % 3 === 0 ? 'FAILED' : 'OK');
    expect(health.restingMs(M)).toBe(0);
    expect(state()).toBe('DEGRADED');
  });

  it('hears nothing in what the caller did, and lets the next one try', () => {
    const { health, calls, call, pass } = healthAt();
    calls(50, 'NEUTRAL');
    calls(50, 'RATE_LIMITED');
    expect(health.view(M)).toMatchObject({ state: 'HEALTHY', errorRate: 0 });
    calls(5, 'FAILED');
    pass(5_000);
    expect(call('NEUTRAL')).toBe(true);
    expect(call('OK')).toBe(true);
    expect(health.restingMs(M)).toBe(0);
  });

  it('is not closed, nor kept open, by calls that began before it opened', () => {
    const { health, calls, pass } = healthAt();
    health.begin(M);
    health.begin(M);
    calls(5, 'FAILED');
    health.end(M, { kind: 'OK', latencyMs: 9, retryAfterMs: undefined });
    health.end(M, { kind: 'FAILED', latencyMs: 9, retryAfterMs: undefined });
    expect(health.restingMs(M)).toBe(5_000);
    pass(5_000);
    expect(health.begin(M)).toBe(true);
  });

  it('is not kept open by a try that never ends', () => {
    const { health, calls, pass } = healthAt();
    calls(5, 'FAILED');
    pass(5_000);
    health.begin(M);
    pass(120_000);
    expect(health.begin(M)).toBe(true);
  });
});

describe('a vendor that asks to wait', () => {
  it('is left alone for as long as it said, whatever else ends meanwhile', () => {
    const { health, call, pass, state } = healthAt();
    health.begin(M);
    call('RATE_LIMITED', { retryAfterMs: 30_000 });
    health.end(M, { kind: 'OK', latencyMs: 10, retryAfterMs: undefined });
    expect({ rest: health.restingMs(M), begun: health.begin(M), state: state() }).toEqual({
      rest: 30_000,
      begun: false,
      state: 'DEGRADED',
    });
    pass(29_999);
    expect(health.begin(M)).toBe(false);
    pass(1);
    expect(health.begin(M)).toBe(true);
  });

  it('is not called earlier because it later said less', () => {
    const { health, call } = healthAt();
    health.begin(M);
    call('RATE_LIMITED', { retryAfterMs: 30_000 });
    health.end(M, { kind: 'RATE_LIMITED', latencyMs: undefined, retryAfterMs: 100 });
    expect(health.restingMs(M)).toBe(30_000);
  });
});

describe('what is measured', () => {
  it('rises to a peak at once, and falls again with time and with faster answers', () => {
    const { health, call, pass } = healthAt();
    const answer = (latencyMs: number) => call('OK', { latencyMs });
    answer(100);
    answer(2_000);
    expect(health.latencyMs(M)).toBe(2_000);
    answer(100);
    expect(health.latencyMs(M)).toBe(2_000);
    pass(10_000);
    expect(health.latencyMs(M)).toBeCloseTo(2_000 / Math.E);
    answer(100);
    expect(health.latencyMs(M)).toBeCloseTo(2_000 / Math.E + 100 * (1 - 1 / Math.E));
    pass(60_000);
    expect(health.latencyMs(M)).toBeLessThan(3);
  });

  it('counts errors of the last minute only', () => {
    const { health, calls, call, pass } = healthAt();
    calls(3, 'OK');
    call('FAILED');
    expect(health.errorRate(M)).toBe(0.25);
    pass(30_000);
    calls(4, 'OK');
    expect(health.errorRate(M)).toBe(0.125);
    pass(35_000);
    expect(health.errorRate(M)).toBe(0);
    pass(60_000);
    expect(health.view(M)).toMatchObject({ errorRate: 0, state: 'HEALTHY' });
  });

  it('knows what is usual, once there is enough to tell, by the last 200 answers', () => {
    const { health, call } = healthAt();
    for (let latencyMs = 1; latencyMs <= 19; latencyMs += 1) call('OK', { latencyMs });
    call('FAILED', { latencyMs: 60_000 });
    expect(health.usualMs(M, 95)).toBeUndefined();
    for (let latencyMs = 1; latencyMs <= 100; latencyMs += 1) call('OK', { latencyMs });
    expect(health.usualMs(M, 100)).toBe(100);
    for (let latencyMs = 1_001; latencyMs <= 1_200; latencyMs += 1) call('OK', { latencyMs });
    expect([0, 50, 95, 100].map((percentile) => health.usualMs(M, percentile))).toEqual([
      1_001, 1_101, 1_191, 1_200,
    ]);
  });

  it('counts the calls under way', () => {
    const { health } = healthAt();
    health.begin(M);
    health.begin(M);
    expect(health.inFlight(M)).toBe(2);
    health.end(M, { kind: 'OK', latencyMs: 1, retryAfterMs: undefined });
    expect(health.inFlight(M)).toBe(1);
    expect(health.inFlight('never/called')).toBe(0);
  });
});

describe('a probe is due', () => {
  it('for what nobody has ever called, and a minute after it was last heard of', () => {
    const { health, call, pass } = healthAt();
    expect(health.listProbesDue([M, 'b/x'])).toEqual([M, 'b/x']);
    call('OK');
    expect(health.listProbesDue([M, 'b/x'])).toEqual(['b/x']);
    pass(60_000);
    expect(health.listProbesDue([M])).toEqual([M]);
  });

  it('as soon as a broken one may be tried, but not while somebody tries it', () => {
    const { health, calls, pass } = healthAt();
    calls(5, 'FAILED');
    expect(health.listProbesDue([M])).toEqual([]);
    pass(5_000);
    expect(health.listProbesDue([M])).toEqual([M]);
    health.begin(M);
    expect(health.listProbesDue([M])).toEqual([]);
  });

  it('after as long as it is asked for', () => {
    const { health, call, pass } = healthAt();
    call('OK');
    pass(10_000);
    expect(health.isFailing(M)).toBe(false);
    expect(health.listProbesDue([M], 10_001)).toEqual([]);
    expect(health.listProbesDue([M], 10_000)).toEqual([M]);
  });

  it('soon where the last one failed', () => {
    const { health, call, pass } = healthAt();
    call('FAILED');
    expect(health.listProbesDue([M])).toEqual([]);
    pass(1_000);
    expect(health.listProbesDue([M])).toEqual([M]);
  });

  it('before callers try, for three seconds', () => {
    const { health, calls, pass } = healthAt();
    health.leaveTrialsToProbes(new Set([M]));
    calls(5, 'FAILED');
    pass(5_000);
    expect(health.listProbesDue([M])).toEqual([M]);
    expect(health.restingMs(M)).toBe(3_000);
    expect(health.begin(M)).toBe(false);
    pass(2_999);
    expect(health.begin(M)).toBe(false);
    expect(health.begin(M, true)).toBe(true);
    health.end(M, { kind: 'FAILED', latencyMs: undefined, retryAfterMs: undefined });
    pass(13_000);
    expect(health.begin(M)).toBe(true);
  });

  it('never while the vendor wants to be left alone', () => {
    const { health, call, pass } = healthAt();
    call('RATE_LIMITED', { retryAfterMs: 90_000 });
    pass(80_000);
    expect(health.listProbesDue([M])).toEqual([]);
  });
});
