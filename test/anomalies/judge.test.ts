import { describe, expect, it } from 'vitest';
import { readDetail, toDetail } from '../../src/usage/anomalies/detail.ts';
import { baselineOf, judgeHour, type HourOfUse } from '../../src/usage/anomalies/judge.ts';

const USD = 1_000_000_000n;
const LIMITS = { sensitivity: 8, minimumNanos: USD };

/** An hour of 100 requests, 100 tokens each, that cost a dollar. */
const hourOf = (changes: Partial<HourOfUse> = {}): HourOfUse => ({
  requests: 100n,
  errors: 0n,
  tokens: 10_000n,
  costNanos: USD,
  ...changes,
});
const historyOf = (make: (hour: number) => Partial<HourOfUse>, hours = 24) =>
  Array.from({ length: hours }, (_, hour) => hourOf(make(hour)));
const STEADY = historyOf(() => ({}));

function judge(hour: Partial<HourOfUse>, history = STEADY, limits = LIMITS) {
  const baseline = baselineOf(history);
  return baseline && judgeHour(hourOf(hour), baseline, limits);
}

describe('an hour', () => {
  it.each([
    [
      'spend',
      { costNanos: 10n * USD },
      { measure: 'SPEND', observed: 10n * USD, expected: USD, deviation: 45 },
    ],
    [
      'tokens for each request',
      { tokens: 100_000n },
      { measure: 'TOKENS_PER_REQUEST', observed: 1_000n * USD, expected: 100n * USD, deviation: 18 },
    ],
    ['errors', { errors: 60n }, { measure: 'ERRORS', observed: 600_000_000n, expected: 0n, deviation: 12 }],
  ])('with far more %s than usual is unusual', (_, hour, finding) => {
    expect(judge(hour)).toEqual([finding]);
  });

  it('can be unusual in several ways', () => {
    const found = judge({ costNanos: 10n * USD, tokens: 100_000n, errors: 60n });
    expect(found?.map(({ measure }) => measure)).toEqual(['SPEND', 'TOKENS_PER_REQUEST', 'ERRORS']);
  });

  it.each([
    ['like all others', {}],
    ['a little above them', { costNanos: 2n * USD, tokens: 40_000n, errors: 30n }],
    ['with less of everything', { requests: 20n, tokens: 100n, costNanos: 1n }],
    ['of a correction only', { requests: 0n, tokens: 0n, costNanos: 100n * USD }],
    ['with few requests', { requests: 19n, tokens: 1_000_000n, errors: 19n }],
  ])('%s is not unusual', (_, hour) => {
    expect(judge(hour)).toEqual([]);
  });

  it('is judged by how much hours differ', () => {
    const wild = historyOf((hour) => ({ costNanos: (hour % 2 === 0 ? 1n : 9n) * USD }));
    expect(judge({ costNanos: 30n * USD })).toHaveLength(1);
    expect(judge({ costNanos: 30n * USD }, wild)).toEqual([]);
    expect(judge({ costNanos: 40n * USD }, wild)).toMatchObject([{ expected: 5n * USD, deviation: 8.75 }]);
  });

  it('is judged by the median, which a few wild hours do not move', () => {
    const once = historyOf((hour) => (hour < 5 ? { costNanos: 1_000n * USD } : {}));
    expect(judge({ costNanos: 10n * USD }, once)).toMatchObject([{ expected: USD, deviation: 45 }]);
  });

  it('is not told for tiny sums', () => {
    const tiny = historyOf(() => ({ costNanos: 10n }));
    expect(judge({ costNanos: USD - 1n }, tiny)).toEqual([]);
    expect(judge({ costNanos: USD }, tiny)).toMatchObject([{ measure: 'SPEND' }]);
    expect(judge({ costNanos: USD }, tiny, { ...LIMITS, minimumNanos: 2n * USD })).toEqual([]);
  });

  it('is judged where all before it cost nothing', () => {
    const free = historyOf(() => ({ costNanos: 0n }));
    expect(judge({ costNanos: USD }, free)).toMatchObject([{ expected: 0n, deviation: 10 }]);
    expect(judge({ costNanos: 1n }, free, { sensitivity: 8, minimumNanos: 1n })).toEqual([]);
  });

  it('is unusual sooner with a smaller number of deviations', () => {
    expect(judge({ costNanos: 2n * USD })).toEqual([]);
    expect(judge({ costNanos: 2n * USD }, STEADY, { ...LIMITS, sensitivity: 4.5 })).toHaveLength(1);
    expect(judge({ costNanos: 2n * USD }, STEADY, { ...LIMITS, sensitivity: 5 })).toEqual([]);
  });
});

describe('what is usual', () => {
  it('is not known from fewer than twelve hours with requests', () => {
    expect(baselineOf([])).toBeUndefined();
    expect(baselineOf(STEADY.slice(0, 11))).toBeUndefined();
    expect(baselineOf([...STEADY.slice(0, 11), ...historyOf(() => ({ requests: 0n }))])).toBeUndefined();
    expect(baselineOf(STEADY.slice(0, 12))).toBeDefined();
  });

  it('is the middle of the two middle hours where their number is even', () => {
    const rising = historyOf((hour) => ({ costNanos: BigInt(hour) * USD }), 12);
    expect(baselineOf(rising)?.SPEND).toEqual({ median: 5_500_000_000n, deviation: 3n * USD });
  });
});

describe('the detail of an alert', () => {
  const at = new Date('2026-03-10T12:00:00Z');
  const key = { organisationId: 'org', teamId: 'team_1', keyId: 'key_1', at, use: hourOf() };

  it.each([
    [{ costNanos: 10n * USD }, '10', '1', 'the key key_1: $10 in the hour from', '$1 is usual'],
    [
      { tokens: 100_000n },
      '1000',
      '100',
      '1000 tokens a request in the hour',
      '100 tokens a request is usual',
    ],
    [{ errors: 60n }, '0.6', '0', '60 % of the requests failing in', '0 % of the requests failing is usual'],
  ])('of %o is decimal text and can be read back', (hour, observed, expected, ...words) => {
    const [finding] = judge(hour) ?? [];
    const detail = toDetail(finding!, key);
    expect(detail).toMatchObject({ observed, expected, requests: '100', hour: '2026-03-10T12:00:00.000Z' });
    for (const word of words) expect(detail['message']).toContain(word);
    expect(readDetail(detail)).toEqual({ ...finding, hour: at });
  });

  it('names a team', () => {
    const [finding] = judge({ errors: 60n }) ?? [];
    expect(toDetail(finding!, { ...key, keyId: undefined })['message']).toContain('the team team_1: ');
  });

  it.each([{}, { measure: 'LUCK', observed: '1', expected: '1' }, { measure: 'SPEND', observed: 'x' }])(
    'is no %o',
    (detail) => {
      expect(() => readDetail(detail)).toThrow('does not say what is unusual');
    },
  );
});
