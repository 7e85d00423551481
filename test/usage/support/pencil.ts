import type { Granularity, UsageDimension } from '../../../src/usage/dimensions.ts';
import type { UsageGroup, UsageTotals } from '../../../src/usage/totals.ts';
import type { Fact } from './books.ts';

/** Sums as somebody with pencil and paper and a calendar would make them: without SQL and without roll-ups. */
export interface Sums {
  requests: number;
  errors: number;
  cacheHits: number;
  unpricedRequests: number;
  input: number;
  output: number;
  costNanos: bigint;
  /** How many times were measured. */
  firstTokens: number;
  latencies: number;
}

export function addUp(facts: readonly Fact[]): Sums {
  const settled = facts.filter(({ kind }) => kind === 'SETTLE');
  const count = (is: (fact: Fact) => boolean) => settled.filter(is).length;
  const called = facts.filter(({ kind }) => kind === 'SETTLE' || kind === 'ATTEMPT');
  const sum = (of: (fact: Fact) => number) => called.reduce((total, fact) => total + of(fact), 0);
  return {
    requests: settled.length,
    errors: count(({ status }) => status === 'FAILED' || status === 'INTERRUPTED'),
    cacheHits: count(({ cacheReadTokens }) => cacheReadTokens > 0),
    unpricedRequests: called.filter(({ nanos }) => nanos === null).length,
    input: sum(({ inputTokens }) => inputTokens),
    output: sum(({ outputTokens }) => outputTokens),
    costNanos: facts.reduce(
      (total, { kind, nanos }) => total + (kind === 'CREDIT' ? -(nanos ?? 0n) : (nanos ?? 0n)),
      0n,
    ),
    firstTokens: count(({ firstTokenMs }) => firstTokenMs !== null),
    latencies: settled.length,
  };
}

export function sumsOf(totals: UsageTotals): Sums {
  const {
    firstTokenMs,
    latencyMs,
    cacheRead: _read,
    cacheWrite: _write,
    reasoning: _reasoning,
    ...rest
  } = totals;
  const counted = (histogram: Map<number, number>) =>
    [...histogram.values()].reduce((sum, times) => sum + times, 0);
  return { ...rest, firstTokens: counted(firstTokenMs), latencies: counted(latencyMs) };
}

/** The groups of facts, by their keys as text. */
export function addUpBy(facts: readonly Fact[], groupBy: readonly UsageDimension[]): Record<string, Sums> {
  const placed = facts.flatMap((fact) => keysOf(fact, groupBy).map((key) => ({ key, fact })));
  const groups = Map.groupBy(placed, ({ key }) => key);
  return Object.fromEntries([...groups].map(([key, list]) => [key, addUp(list.map(({ fact }) => fact))]));
}

export function byKey(groups: readonly UsageGroup[]): Record<string, Sums> {
  return Object.fromEntries(groups.map(({ key, totals }) => [textOf(key), sumsOf(totals)]));
}

function keysOf(fact: Fact, groupBy: readonly UsageDimension[]): string[] {
  const values: Record<string, string> = {
    MODEL: fact.model,
    PROVIDER: fact.provider,
    TEAM: fact.teamId,
    KEY: fact.keyId ?? '',
    STATUS: fact.status,
    END_USER: fact.endUserId ?? '',
  };
  const keyWith = (tag: { key: string; value: string }) =>
    textOf(groupBy.map((name) => (name === 'TAG' ? tag : { key: name, value: values[name]! })));
  return groupBy.includes('TAG') ? fact.tags.map(keyWith) : [keyWith({ key: '', value: '' })];
}

function textOf(key: readonly { key: string; value: string }[]): string {
  return key.map(({ key: name, value }) => `${name}=${value}`).join(' ');
}

/** What a calendar on the wall of that place shows, as far as a granularity looks at it. */
export function onTheWall(at: Date, granularity: Granularity, timeZone: string): string {
  const parts = Object.fromEntries(
    new Intl.DateTimeFormat('en', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      timeZoneName: 'longOffset',
    })
      .formatToParts(at)
      .map(({ type, value }) => [type, value]),
  );
  const { year, month, day, hour, minute, timeZoneName } = parts;
  const date = `${year}-${month}-${day}`;
  if (granularity === 'MONTH') return `${year}-${month}`;
  if (granularity === 'WEEK') {
    const noon = new Date(`${date}T12:00:00Z`);
    noon.setUTCDate(noon.getUTCDate() - ((noon.getUTCDay() + 6) % 7));
    return `week of ${noon.toISOString().slice(0, 10)}`;
  }
  if (granularity === 'DAY') return date;
  // The hour that comes twice when clocks go back is two hours.
  return `${date} ${hour}${granularity === 'HOUR' ? '' : `:${minute}`} ${timeZoneName}`;
}
