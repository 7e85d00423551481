import type { Tag } from '../domain/completion.ts';
import { addHistogram, type Histogram } from './histogram.ts';

/** Sums over what was settled. */
export interface UsageTotals {
  requests: number;
  errors: number;
  /** Completions for which the provider read a part of the prompt from its cache. */
  cacheHits: number;
  /** Attempts whose model had no known price: they are not in `costNanos`. */
  unpricedRequests: number;
  input: number;
  output: number;
  cacheRead: number;
  cacheWrite: number;
  reasoning: number;
  /** Nano-USD of all that had a price, with corrections and credits. */
  costNanos: bigint;
  /** Empty where they were not asked for. */
  firstTokenMs: Histogram;
  latencyMs: Histogram;
}

export interface UsageGroup {
  key: Tag[];
  totals: UsageTotals;
}

export interface UsageBucket extends UsageGroup {
  start: Date;
}

export function emptyTotals(): UsageTotals {
  return {
    requests: 0,
    errors: 0,
    cacheHits: 0,
    unpricedRequests: 0,
    input: 0,
    output: 0,
    cacheRead: 0,
    cacheWrite: 0,
    reasoning: 0,
    costNanos: 0n,
    firstTokenMs: new Map(),
    latencyMs: new Map(),
  };
}

export function addTotals(to: UsageTotals, from: UsageTotals): void {
  to.requests += from.requests;
  to.errors += from.errors;
  to.cacheHits += from.cacheHits;
  to.unpricedRequests += from.unpricedRequests;
  to.input += from.input;
  to.output += from.output;
  to.cacheRead += from.cacheRead;
  to.cacheWrite += from.cacheWrite;
  to.reasoning += from.reasoning;
  to.costNanos += from.costNanos;
  addHistogram(to.firstTokenMs, from.firstTokenMs);
  addHistogram(to.latencyMs, from.latencyMs);
}

/** Adds up by group; groups come in the order of their keys. */
export function sumGroups(parts: Iterable<UsageGroup>): UsageGroup[] {
  const sums = new Map<string, UsageGroup>();
  for (const { key, totals } of parts) {
    const name = JSON.stringify(key);
    const sum = sums.get(name) ?? { key, totals: emptyTotals() };
    sums.set(name, sum);
    addTotals(sum.totals, totals);
  }
  return [...sums.values()].toSorted(compareKeys);
}

export function compareKeys(a: UsageGroup, b: UsageGroup): number {
  for (const [index, tag] of a.key.entries()) {
    const other = b.key[index]!;
    if (tag.key !== other.key) return tag.key < other.key ? -1 : 1;
    if (tag.value !== other.value) return tag.value < other.value ? -1 : 1;
  }
  return 0;
}
