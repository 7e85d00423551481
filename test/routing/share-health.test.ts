import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Channels } from '../../src/events/channels.ts';
import { createHealth, type Health } from '../../src/routing/health.ts';
import type { CallEnd } from '../../src/routing/model-health.ts';
import { readMessage, writeMessages, type Report } from '../../src/routing/reports.ts';
import { shareHealth } from '../../src/routing/share-health.ts';

const M = 'a/x';
afterEach(() => void vi.useRealTimers());

/** Instances that hear each other at once. Each has a clock of its own, which begins somewhere else. */
function fleet() {
  vi.useFakeTimers({ toFake: ['setInterval', 'setTimeout', 'clearInterval', 'clearTimeout', 'performance'] });
  const listeners = new Set<(text: string) => void>();
  const told: string[] = [];
  let zero = 0;
  const channels = (): Channels => ({
    tell(_channel, text) {
      told.push(text);
      for (const listener of listeners) listener(text);
    },
    listen: (_channel, listener) => void listeners.add(listener),
    close: async () => {},
  });
  const join = () => {
    const offset = (zero += 12_345_678);
    const health = createHealth({ monotonicMs: () => performance.now() + offset });
    const own = channels();
    let tell = own.tell;
    const stop = shareHealth(health, {
      channels: { ...own, tell: (...args) => tell(...args) },
      channel: 'health',
      instanceId: `inst_${offset}`,
    });
    return { health, stop, mute: () => (tell = () => {}) };
  };
  return { join, told, pass: (ms: number) => vi.advanceTimersByTime(ms) };
}

function call(health: Health, kind: CallEnd['kind'], more: Partial<CallEnd> = {}, times = 1): void {
  for (let index = 0; index < times; index += 1) {
    health.begin(M);
    health.end(M, { kind, latencyMs: undefined, retryAfterMs: undefined, ...more });
  }
}

describe('what one instance sees', () => {
  it('is known to the others at once when a circuit opens, is tried and closes', () => {
    const { join, pass } = fleet();
    const [one, two] = [join(), join()];
    call(one.health, 'FAILED', {}, 5);
    pass(50);
    expect(two.health.view(M)).toMatchObject({ state: 'DOWN', restingMs: expect.closeTo(4_950, -2) });
    expect(two.health.begin(M)).toBe(false);
    pass(5_000);
    expect(two.health.begin(M)).toBe(true);
    pass(50);
    // One tries, and everybody waits for it.
    expect(one.health.view(M).state).toBe('DEGRADED');
    expect(one.health.begin(M)).toBe(false);
    two.health.end(M, { kind: 'OK', latencyMs: 5, retryAfterMs: undefined });
    pass(50);
    expect(one.health.restingMs(M)).toBe(0);
    expect(one.health.begin(M)).toBe(true);
  });

  it('opens for twice as long where the try fails, whoever makes it', () => {
    const { join, pass } = fleet();
    const [one, two] = [join(), join()];
    call(one.health, 'FAILED', {}, 5);
    pass(5_050);
    call(two.health, 'FAILED');
    pass(50);
    expect(one.health.restingMs(M)).toBeGreaterThan(9_000);
  });

  it('lets the others rest when its vendor asks for it, and only for as long', () => {
    const { join, pass } = fleet();
    const [one, two] = [join(), join()];
    call(one.health, 'RATE_LIMITED', { retryAfterMs: 30_000 });
    pass(50);
    expect(two.health.restingMs(M)).toBeGreaterThan(29_000);
    one.stop();
    pass(30_000);
    expect(two.health.restingMs(M)).toBe(0);
  });

  it('counts as calls of all: how many are under way, fail, and how long they take', () => {
    const { join, pass } = fleet();
    const [one, two] = [join(), join()];
    call(one.health, 'OK', { latencyMs: 700 }, 20);
    call(one.health, 'FAILED');
    call(two.health, 'OK', { latencyMs: 100 }, 7);
    two.health.begin(M);
    one.health.begin(M);
    pass(1_000);
    const { health } = two;
    expect(health.inFlight(M)).toBe(2);
    expect(health.errorRate(M)).toBeCloseTo(1 / 28);
    expect(health.latencyMs(M)).toBeGreaterThan(500);
    expect(health.usualMs(M, 95)).toBe(700);
    expect(one.health.view(M)).toMatchObject({ inFlight: 2, errorRate: health.errorRate(M) });
  });

  it('is told to one that comes later', () => {
    const { join, pass } = fleet();
    const one = join();
    call(one.health, 'FAILED', {}, 5);
    pass(1_000);
    const two = join();
    pass(50);
    expect(two.health.view(M).state).toBe('DOWN');
    expect(two.health.restingMs(M)).toBeLessThan(4_100);
  });
});

describe('an instance that dies', () => {
  it('has nothing under way any more after some seconds; one that lives has for as long as it takes', () => {
    const { join, pass } = fleet();
    const [dying, living, third] = [join(), join(), join()];
    dying.health.begin(M);
    living.health.begin(M);
    pass(3_000);
    expect(third.health.inFlight(M)).toBe(2);
    dying.mute();
    pass(60_000);
    expect(third.health.inFlight(M)).toBe(1);
  });

  it('in the middle of a try keeps nobody from trying', () => {
    const { join, pass } = fleet();
    const [one, two] = [join(), join()];
    call(one.health, 'FAILED', {}, 5);
    pass(5_050);
    expect(one.health.begin(M)).toBe(true);
    pass(50);
    expect(two.health.begin(M)).toBe(false);
    one.mute();
    pass(7_000);
    expect(two.health.begin(M)).toBe(true);
  });
});

describe('messages', () => {
  it('are not sent while nothing happens, and one is sent for however many calls', () => {
    const { join, told, pass } = fleet();
    const [one] = [join(), join()];
    pass(3_000);
    const quiet = told.length;
    pass(60_000);
    expect(told).toHaveLength(quiet);
    for (let index = 0; index < 500; index += 1) call(one.health, 'OK', { latencyMs: 5 });
    pass(60_000);
    expect(told).toHaveLength(quiet + 1);
  });

  it('do not go back and forth between those that believe them', () => {
    const { join, told, pass } = fleet();
    const [one] = [join(), join(), join()];
    pass(3_000);
    call(one.health, 'FAILED', {}, 5);
    call(one.health, 'RATE_LIMITED', { retryAfterMs: 30_000 });
    pass(50);
    const atOnce = told.length;
    pass(60_000);
    expect(told.length - atOnce).toBeLessThanOrEqual(1);
  });

  it('that come late do not open what has closed since', () => {
    const { health } = fleet().join();
    const late = (agoMs: number): Report => ({
      model: M,
      inFlight: 0,
      isTrying: false,
      succeeded: 0,
      failed: 5,
      answeredMs: [],
      turned: { opened: 1, restMs: 60_000, agoMs },
    });
    health.hear('elsewhere', [late(0)]);
    expect(health.view(M).state).toBe('DOWN');
    vi.advanceTimersByTime(1_000);
    health.hear('another', [{ ...late(0), turned: { opened: 0, restMs: 0, agoMs: 0 } }]);
    expect(health.restingMs(M)).toBe(0);
    vi.advanceTimersByTime(1_000);
    health.hear('elsewhere', [late(1_500)]);
    expect(health.restingMs(M)).toBe(0);
  });

  it('are as short as PostgreSQL takes them, however many models there are', () => {
    const reports = Array.from({ length: 100 }, (_, index): Report => ({
      model: `vendor/${'long'.repeat(20)}${index}`,
      inFlight: 1,
      isTrying: false,
      succeeded: 20,
      failed: 0,
      answeredMs: Array.from({ length: 20 }, () => 123.456),
    }));
    const messages = writeMessages('inst_1', reports);
    expect(Math.max(...messages.map((text) => Buffer.byteLength(text)))).toBeLessThan(8_000);
    expect(messages.flatMap((text) => readMessage(text)?.reports.map(({ model }) => model))).toEqual(
      reports.map(({ model }) => model),
    );
  });

  it.each([
    '',
    'null',
    '{"from":1}',
    '{"from":"x","reports":[{"model":"a/x","inFlight":-1}]}',
    '['.repeat(10_000),
  ])('that nobody sends are not heard: %.20s', (text) => expect(readMessage(text)).toBeUndefined());

  it('hold no rest without end', () => {
    const report = { model: M, inFlight: 0, isTrying: false, succeeded: 0, failed: 0, answeredMs: [] };
    const text = (more: object) => JSON.stringify({ from: 'x', reports: [{ ...report, ...more }] });
    expect(readMessage(text({ restMs: 1e12 }))).toBeUndefined();
    expect(readMessage(text({ restMs: 1e6 }))).toBeDefined();
  });
});
