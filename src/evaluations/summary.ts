import type { Grader } from '../domain/evaluation.ts';
import { meanInterval, rateInterval, sumsOf, type Interval } from '../lib/intervals.ts';
import type { Verdict } from './evaluation-rows.ts';

/** A share of cases, and between which two it is in truth with a confidence of 95 %. */
export interface Rate extends Interval {
  rate: number;
}

/** What one grader thinks of all answers that it was given. */
export interface GraderSummary {
  grader: Grader;
  graded: number;
  passed: Rate | undefined;
  meanScore: number | undefined;
  /** Of the mean; undefined where nothing can be said of it. */
  interval: Interval | undefined;
}

export interface Summary {
  /** Of all that are done; one without an answer has not passed. Undefined: none is done. */
  passed: Rate | undefined;
  graders: GraderSummary[];
  /** Of those that were answered. */
  latency: { p50Ms: number; p95Ms: number; totalMs: number } | undefined;
}

export function summarise(graders: readonly Grader[], verdicts: readonly Verdict[]): Summary {
  return {
    passed: toRate(verdicts.filter(({ passed }) => passed).length, verdicts.length),
    graders: graders.map((grader) => summariseGrader(grader, verdicts)),
    latency: toLatency(verdicts),
  };
}

function summariseGrader(grader: Grader, verdicts: readonly Verdict[]): GraderSummary {
  const given = verdicts.flatMap(({ graded }) => graded.filter((each) => each.grader === grader.name));
  const sums = sumsOf(given.map(({ score }) => score));
  return {
    grader,
    graded: given.length,
    passed: toRate(given.filter(({ passed }) => passed).length, given.length),
    meanScore: given.length === 0 ? undefined : sums.sum / sums.count,
    interval: withinUnit(meanInterval(sums)),
  };
}

function toRate(passed: number, all: number): Rate | undefined {
  return all === 0 ? undefined : { rate: passed / all, ...rateInterval(passed, all) };
}

/** No score is outside of it. */
function withinUnit(interval: Interval | undefined): Interval | undefined {
  return interval && { low: Math.max(0, interval.low), high: Math.min(1, interval.high) };
}

function toLatency(verdicts: readonly Verdict[]): Summary['latency'] {
  const sorted = verdicts
    .filter(({ error }) => error === undefined)
    .map(({ latencyMs }) => latencyMs)
    .toSorted((a, b) => a - b);
  if (sorted.length === 0) return undefined;
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]!;
  return { p50Ms: at(0.5), p95Ms: at(0.95), totalMs: sorted.reduce((sum, ms) => sum + ms, 0) };
}
