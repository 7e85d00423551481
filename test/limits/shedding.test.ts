import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Priority } from '../../src/domain/priority.ts';
import { systemClock } from '../../src/lib/clock.ts';
import { createPressure, LOOK_EVERY_MS, type Readings } from '../../src/limits/shedding/pressure.ts';
import { createGauge } from '../../src/limits/shedding/readings.ts';
import { completionOf, create, CREATE, say, STREAM } from '../completion/support/completions.ts';
import { isTerminal, STREAMING, subscribe } from '../completion/support/streams.ts';
import { connect, post } from '../server/support/client.ts';
import { DEFAULTS } from '../support/defaults.ts';
import { ADMIN_KEY, useGateway } from '../support/gateway.ts';

const CALM: Readings = { loopDelayMs: 1, memoryPercent: 40, databaseMs: 2 };
/** Just enough for one priority, and not for the other. */
const STRAINED: Readings = { ...CALM, loopDelayMs: 0.95 * DEFAULTS.shedding.loopDelayMs };
const OVERLOADED: Readings = { ...CALM, loopDelayMs: 1.5 * DEFAULTS.shedding.loopDelayMs };
const TROUBLES: [keyof Readings, string][] = [
  ['loopDelayMs', 'has more to do than it can'],
  ['memoryPercent', 'is short of memory'],
  ['databaseMs', 'waits for its database'],
];

let readings = CALM;
const gateway = useGateway({ readings: () => readings });
const refuses = (priority: Priority) => gateway().gateway.pressure.findRefusal(priority) !== undefined;
/** Sets the readings, and waits until they are believed. */
async function become(to: Readings, expected: Record<Priority, boolean>): Promise<void> {
  readings = to;
  while (refuses('BATCH') !== expected.BATCH || refuses('INTERACTIVE') !== expected.INTERACTIVE)
    await wait(20);
}
const becomeCalm = () => become(CALM, { BATCH: false, INTERACTIVE: false });
const becomeOverloaded = () => become(OVERLOADED, { BATCH: true, INTERACTIVE: true });
afterEach(becomeCalm);

const origin = (path: string) => new URL(path, gateway().url).href;
const authorization = `Bearer ${ADMIN_KEY}`;

describe('under load', () => {
  it('new requests are refused before they are looked at, and health and readiness are answered all the same', async () => {
    await becomeOverloaded();
    expect((await fetch(origin('/healthz'))).status).toBe(200);
    expect((await fetch(origin('/readyz'))).status).toBe(200);
    const init = { headers: { 'content-type': 'application/json' }, method: 'POST', body: '{"no JSON' };
    const response = await fetch(gateway().url, init);
    expect(response.status).toBe(503);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await response.json()).toEqual({
      errors: [
        {
          message: 'the gateway has more to do than it can; try again soon',
          extensions: {
            code: 'UNAVAILABLE',
            requestId: response.headers.get('x-request-id'),
            retryAfterMs: expect.any(Number),
          },
        },
      ],
    });
    await becomeCalm();
    expect(completionOf(await create(gateway(), say('demo/echo'))).status).toBe('SUCCEEDED');
  });

  it('running streams go on to their end', async () => {
    const streams = [];
    for (const transport of STREAMING) {
      const stream = await subscribe(transport, gateway(), {
        query: STREAM,
        // Six seconds, and it takes three to be overloaded.
        variables: { input: say('demo/slow', 'Hi', { params: { maxOutputTokens: 60 } }) },
      });
      await stream.next();
      streams.push(stream);
    }
    await becomeOverloaded();
    for (const stream of streams) {
      expect((await stream.rest()).filter(isTerminal)).toMatchObject([{ __typename: 'CompletionFinished' }]);
    }
  });

  it('an open socket is refused each operation, and a new one the connection', async () => {
    const client = await connect(gateway().url, { authorization });
    await becomeOverloaded();
    client.subscribe('1', { query: '{ viewer { scopes } }' });
    expect(await client.next('1')).toMatchObject({
      type: 'error',
      payload: [{ extensions: { code: 'UNAVAILABLE', retryAfterMs: expect.any(Number) } }],
    });
    await expect(connect(gateway().url, { authorization })).rejects.toThrow('503');
    await becomeCalm();
    client.subscribe('2', { query: '{ viewer { scopes } }' });
    expect(await client.next('2')).toMatchObject({ type: 'next' });
    client.ws.close();
  });

  it('batch work goes before people do, and nothing is written for it', async () => {
    await become(STRAINED, { BATCH: true, INTERACTIVE: false });
    const tags = [{ key: 'of', value: 'batch under load' }];
    const variables = { input: say('demo/echo', 'nightly', { priority: 'BATCH', tags }) };
    const response = await post(gateway().url, { query: CREATE, variables }, { headers: { authorization } });
    expect(response.status).toBe(503);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await response.json()).toMatchObject({
      errors: [{ extensions: { code: 'UNAVAILABLE', retryAfterMs: expect.any(Number) } }],
    });
    for (const transport of STREAMING) {
      const open = async () => (await subscribe(transport, gateway(), { query: STREAM, variables })).rest();
      await expect(open()).rejects.toThrow('UNAVAILABLE');
    }
    expect(completionOf(await create(gateway(), say('demo/echo', 'person', { tags }))).status).toBe(
      'SUCCEEDED',
    );
    const { data } = await gateway().ask(
      'query ($tag: TagInput) { completions(filter: { tag: $tag }) { totalCount } }',
      { tag: tags[0] },
    );
    expect(data.completions.totalCount).toBe(1);
  });

  it('that it began and ended is written down, with what was seen', () => {
    const lines = gateway().logs.filter((line) => line.includes('new work is'));
    expect(lines.some((line) => line.includes('refused') && line.includes('loopDelayMs'))).toBe(true);
    expect(lines.some((line) => line.includes('taken again'))).toBe(true);
  });
});

describe('trouble', () => {
  afterEach(() => void vi.useRealTimers());
  /** What is refused after each look, as the initials of the priorities. */
  function watch(course: number[]): string[] {
    vi.useFakeTimers();
    let share = 0;
    const pressure = createPressure({
      read: () => ({ ...CALM, loopDelayMs: share * DEFAULTS.shedding.loopDelayMs }),
      limits: DEFAULTS.shedding,
      onChange: () => {},
    });
    const refused = course.map((next) => {
      share = next;
      vi.advanceTimersByTime(LOOK_EVERY_MS);
      return (['BATCH', 'INTERACTIVE'] as const)
        .filter((priority) => pressure.findRefusal(priority))
        .map((priority) => priority[0])
        .join('');
    });
    pressure.stop();
    return refused;
  }

  it.each(TROUBLES)('of any kind will do: %s', (name, why) => {
    vi.useFakeTimers();
    const read = () => ({ ...CALM, [name]: DEFAULTS.shedding[name] });
    const pressure = createPressure({ read, limits: DEFAULTS.shedding, onChange: () => {} });
    expect(pressure.findRefusal('INTERACTIVE')).toBeUndefined();
    vi.advanceTimersByTime(3 * LOOK_EVERY_MS);
    expect(pressure.findRefusal('INTERACTIVE')?.message).toBe(`the gateway ${why}; try again soon`);
    pressure.stop();
  });

  it('is believed after three looks in a row, and a single long pause never is', () => {
    expect(watch([9, 9, 0, 9, 9, 0, 9, 9])).toEqual(['', '', '', '', '', '', '', '']);
    expect(watch([9, 9, 9])).toEqual(['', '', 'BI']);
  });

  it('is over only well below the limit, and after three looks in a row', () => {
    expect(watch([2, 2, 2, 0.85, 0.85, 0.85, 0.85])).toEqual(['', '', 'BI', 'BI', 'BI', 'BI', 'BI']);
    expect(watch([2, 2, 2, 0.75, 0.75, 0.75, 0.1, 0.1, 0.1])).toEqual([
      '',
      '',
      'BI',
      'BI',
      'BI',
      'B',
      'B',
      'B',
      '',
    ]);
  });

  it('begins for batch work a little earlier', () => {
    expect(watch([0.95, 0.95, 0.95, 0.95])).toEqual(['', '', 'B', 'B']);
    expect(watch([0.85, 0.85, 0.85, 0.85])).toEqual(['', '', '', '']);
  });
});

describe('the readings of a process', () => {
  it('are in the bounds of what can be, and far from trouble in one that does nothing', async () => {
    const gauge = createGauge({ database: { ping: async () => {} }, clock: systemClock });
    await wait(100);
    const { memoryPercent, loopDelayMs, databaseMs } = gauge.read();
    gauge.stop();
    expect(memoryPercent).toBeGreaterThan(0);
    expect(memoryPercent).toBeLessThan(DEFAULTS.shedding.memoryPercent);
    expect(loopDelayMs).toBeGreaterThanOrEqual(0);
    expect(databaseMs).toBe(0);
  });

  it('see a loop that is late by more than the time between two looks', () => {
    let nowMs = 0;
    const gauge = createGauge({ database: { ping: async () => {} }, clock: { monotonicMs: () => nowMs } });
    nowMs = 5_000;
    const { loopDelayMs } = gauge.read();
    gauge.stop();
    expect(loopDelayMs).toBeGreaterThan(4_900);
  });

  it('see a database that does not answer, and ask it nothing more meanwhile', async () => {
    let asked = 0;
    let nowMs = 0;
    const answer = Promise.withResolvers<void>();
    const ping = () => {
      asked += 1;
      return answer.promise;
    };
    const gauge = createGauge({ database: { ping }, clock: { monotonicMs: () => nowMs } });
    const readAt = (ms: number) => {
      nowMs = ms;
      return gauge.read().databaseMs;
    };
    expect([0, 3_000, 6_000].map(readAt)).toEqual([0, 3_000, 6_000]);
    expect(asked).toBe(1);
    answer.resolve();
    await wait(0);
    expect(readAt(6_000)).toBe(6_000);
    await wait(0);
    expect(readAt(6_000)).toBe(0);
    gauge.stop();
  });

  it('take a database that refuses for one that answers: what needs it says better why', async () => {
    const ping = () => Promise.reject(new Error('no such table'));
    const gauge = createGauge({ database: { ping }, clock: systemClock });
    gauge.read();
    await wait(0);
    expect(gauge.read().databaseMs).toBeLessThan(DEFAULTS.shedding.databaseMs);
    gauge.stop();
  });
});
