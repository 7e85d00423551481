export const ANOMALY_MEASURES = ['SPEND', 'TOKENS_PER_REQUEST', 'ERRORS'] as const;
/** What can be unusual of an hour: nano-USD, tokens in and out for each request, the share of requests that failed. */
export type AnomalyMeasure = (typeof ANOMALY_MEASURES)[number];

/** What was settled for a key or a team in an hour. */
export interface HourOfUse {
  requests: bigint;
  errors: bigint;
  /** In and out together. */
  tokens: bigint;
  costNanos: bigint;
}

/** What is usual, in billionths: the median of hours, and the median of how far they are from it. */
export type Baseline = Record<AnomalyMeasure, { median: bigint; deviation: bigint }>;

/** A measure of an hour that is far above what is usual. Amounts are in billionths. */
export interface Finding {
  measure: AnomalyMeasure;
  observed: bigint;
  expected: bigint;
  /** How many times as far from the median as hours usually are. */
  deviation: number;
}

/** A share of fewer requests says nothing. */
export const LEAST_REQUESTS = 20n;
/** With fewer hours of use nobody knows what is usual. */
const LEAST_HOURS = 12;
const ONE = 1_000_000_000n;
/** An hour may differ from the median by a part of it, even where all hours so far were the same. */
const STEADINESS = 5n;

const VALUE_OF: Record<AnomalyMeasure, (hour: HourOfUse) => bigint> = {
  SPEND: ({ costNanos }) => costNanos,
  TOKENS_PER_REQUEST: ({ tokens, requests }) => (tokens * ONE) / requests,
  ERRORS: ({ errors, requests }) => (errors * ONE) / requests,
};

/** @returns undefined when there were too few hours with requests. */
export function baselineOf(hours: readonly HourOfUse[]): Baseline | undefined {
  const used = hours.filter(({ requests }) => requests > 0n);
  if (used.length < LEAST_HOURS) return undefined;
  const usual = (measure: AnomalyMeasure) => {
    const values = used.map(VALUE_OF[measure]);
    const median = medianOf(values);
    return { median, deviation: medianOf(values.map((value) => distance(value, median))) };
  };
  return {
    SPEND: usual('SPEND'),
    TOKENS_PER_REQUEST: usual('TOKENS_PER_REQUEST'),
    ERRORS: usual('ERRORS'),
  };
}

/** What of an hour is far above what is usual. That less is used than usual is never told. */
export function judgeHour(
  hour: HourOfUse,
  baseline: Baseline,
  limits: { sensitivity: number; minimumNanos: bigint },
): Finding[] {
  return ANOMALY_MEASURES.filter((measure) => isTold(measure, hour, limits)).flatMap((measure) => {
    const { median, deviation: usual } = baseline[measure];
    const observed = VALUE_OF[measure](hour);
    const unit = largest(usual, median / STEADINESS, leastDeviation(measure, limits));
    const deviation = Number(observed - median) / Number(unit);
    return deviation > limits.sensitivity ? [{ measure, observed, expected: median, deviation }] : [];
  });
}

/** Sums and numbers so small that nobody wants to hear of them. */
function isTold(
  measure: AnomalyMeasure,
  hour: HourOfUse,
  { minimumNanos }: { minimumNanos: bigint },
): boolean {
  // Without a request it is a correction of the books that came to so much.
  const least = measure === 'SPEND' ? 1n : LEAST_REQUESTS;
  return hour.requests >= least && (measure !== 'SPEND' || hour.costNanos >= minimumNanos);
}

/** A tenth of the least spend that is told, 50 tokens, 5 % of all requests. */
function leastDeviation(measure: AnomalyMeasure, { minimumNanos }: { minimumNanos: bigint }): bigint {
  switch (measure) {
    case 'SPEND':
      return largest(minimumNanos / 10n, 1n);
    case 'TOKENS_PER_REQUEST':
      return 50n * ONE;
    case 'ERRORS':
      return ONE / 20n;
  }
}

function medianOf(values: readonly bigint[]): bigint {
  const sorted = values.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0n;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? 0n)) / 2n;
}

function distance(a: bigint, b: bigint): bigint {
  return a > b ? a - b : b - a;
}

function largest(first: bigint, ...others: bigint[]): bigint {
  return others.reduce((most, each) => (each > most ? each : most), first);
}
