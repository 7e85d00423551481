import type { Budget } from '../domain/budget.ts';

/** How much was used in hours that are over, in the unit of a budget. */
export interface Pace {
  /** How many hours were looked at, those without any use among them. */
  hours: number;
  sum: bigint;
  /** Of the squares of each hour's amount. */
  sumOfSquares: bigint;
  /** When it was read, by the clock of the database. */
  asOf: Date;
}

/** What a budget will come to at the end of its window if use goes on as it was. */
export interface Forecast {
  expected: bigint;
  /** Never below what is already used. */
  low: bigint;
  high: bigint;
  /** How likely it is that the amount is between `low` and `high`. */
  confidence: number;
  /** When the expected amount reaches the limit; undefined when it does not before the end. */
  exceedsAt: Date | undefined;
  basedOnHours: number;
}

/** Fewer hours say nothing about the next ones. */
const LEAST_HOURS = 3;
/** The interval of the normal distribution in which 80 % lie, and its half in standard deviations. */
const CONFIDENCE = 0.8;
const DEVIATIONS = 1.281_551_565_545;
const HOUR_MS = 3_600_000;
/** A budget without an end is told of so far ahead. */
const AHEAD_MS = 30 * 24 * HOUR_MS;

type Standing = Pick<Budget, 'window' | 'limit' | 'endsAt'> & {
  current: Pick<Budget['current'], 'settled' | 'resetsAt'>;
};

/** Whether the past can say anything about a budget: hours say nothing about a window that is no longer than one. */
export function isForecast({ window }: Pick<Budget, 'window'>): boolean {
  return window !== 'MINUTE' && window !== 'HOUR';
}

/**
 * What was used so far, and the mean of an hour for each hour that is left. The interval takes each hour as independent
 * of the others: it is made of the variance of the hours to come and of the uncertainty of the mean.
 * @returns undefined when too little is known.
 */
export function forecastUse(budget: Standing, pace: Pace): Forecast | undefined {
  const { hours, sum, asOf } = pace;
  if (hours < LEAST_HOURS || !isForecast(budget)) return undefined;
  const { settled } = budget.current;
  const leftMs = Math.max(Math.round(endOf(budget, asOf) - asOf.getTime()), 0);
  // Corrections may have taken more off than was used in these hours, but what comes is never less than nothing.
  const rate = sum > 0n ? sum : 0n;
  const expected = settled + divide(rate * BigInt(leftMs), BigInt(hours * HOUR_MS));
  const left = leftMs / HOUR_MS;
  const deviation = Math.sqrt(varianceOf(pace) * (left + left ** 2 / hours));
  const margin = BigInt(Math.round(deviation * DEVIATIONS));
  const untilMs = msUntil(budget.limit - settled, rate, hours);
  return {
    expected,
    low: expected - margin > settled ? expected - margin : settled,
    high: expected + margin,
    confidence: CONFIDENCE,
    exceedsAt: untilMs <= leftMs ? new Date(asOf.getTime() + untilMs) : undefined,
    basedOnHours: hours,
  };
}

function endOf({ current, endsAt }: Standing, asOf: Date): number {
  const end = current.resetsAt?.getTime() ?? asOf.getTime() + AHEAD_MS;
  return Math.min(end, endsAt?.getTime() ?? end);
}

/** Of an hour's amount, unbiased. The difference of large numbers is exact before it becomes a float. */
function varianceOf({ hours, sum, sumOfSquares }: Pace): number {
  const squares = BigInt(hours) * sumOfSquares - sum * sum;
  return Number(squares) / (hours * (hours - 1));
}

/** 0 when there is nothing left, and infinity when nothing is used. */
function msUntil(amount: bigint, rate: bigint, hours: number): number {
  if (amount <= 0n) return 0;
  return rate === 0n ? Infinity : Number((amount * BigInt(hours * HOUR_MS) + rate - 1n) / rate);
}

/** Half up; nothing here is below 0. */
function divide(amount: bigint, by: bigint): bigint {
  return (amount + by / 2n) / by;
}
