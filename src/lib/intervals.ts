import { NO_SUMS, type Sums } from './mean-evidence.ts';

/** Between which two something is, with a confidence of 95 %. */
export interface Interval {
  low: number;
  high: number;
}

/** The normal distribution has 95 % within so many deviations of its mean. */
const Z = 1.959963984540054;
const ALPHA = 0.05;
const SEARCH_STEPS = 60;

/**
 * The share in truth, of so many successes among so many independent tries: the score interval of Wilson (Probable inference,
 * the law of succession, and statistical inference, JASA 22, 1927), which is right for few tries and shares near 0 and 1 too.
 * @returns everything that it can be, for no tries.
 */
export function rateInterval(successes: number, tries: number): Interval {
  if (tries === 0) return { low: 0, high: 1 };
  const share = successes / tries;
  const shrink = 1 + (Z * Z) / tries;
  const centre = (share + (Z * Z) / (2 * tries)) / shrink;
  const width = (Z / shrink) * Math.sqrt((share * (1 - share)) / tries + (Z * Z) / (4 * tries * tries));
  return {
    low: successes === 0 ? 0 : Math.max(0, centre - width),
    high: successes === tries ? 1 : Math.min(1, centre + width),
  };
}

/**
 * The mean in truth of independent values, by Student's t.
 * @returns undefined for fewer than two, and where all are the same: nothing is known then of how far they spread.
 */
export function meanInterval({ count, sum, sumSquares }: Sums): Interval | undefined {
  if (count < 2) return undefined;
  const mean = sum / count;
  const variance = Math.max(0, sumSquares - count * mean * mean) / (count - 1);
  if (variance < Number.EPSILON * Math.max(1, mean * mean)) return undefined;
  const width = studentQuantile(count - 1) * Math.sqrt(variance / count);
  return { low: mean - width, high: mean + width };
}

/** How often each of two things that can go right or wrong did, of the same tries. */
export interface Paired {
  both: number;
  onlyFirst: number;
  onlySecond: number;
  neither: number;
}

/**
 * By how much the share of the second is above that of the first: method 10 of Newcombe (Improved confidence intervals for the
 * difference between binomial proportions based on paired data, Statistics in Medicine 17, 1998), which joins the score
 * intervals of both by how they go together.
 */
export function pairedRateInterval({ both, onlyFirst, onlySecond, neither }: Paired): Interval {
  const tries = both + onlyFirst + onlySecond + neither;
  if (tries === 0) return { low: -1, high: 1 };
  const [first, second] = [both + onlyFirst, both + onlySecond];
  const difference = (second - first) / tries;
  const [a, b] = [rateInterval(first, tries), rateInterval(second, tries)];
  const phi = correlation({ both, onlyFirst, onlySecond, neither });
  const join = (up: number, down: number) =>
    Math.sqrt(Math.max(0, up * up - 2 * phi * up * down + down * down));
  return {
    low: Math.max(-1, difference - join(second / tries - b.low, a.high - first / tries)),
    high: Math.min(1, difference + join(b.high - second / tries, first / tries - a.low)),
  };
}

/** With the correction for continuity that the method has. */
function correlation({ both, onlyFirst, onlySecond, neither }: Paired): number {
  const tries = both + onlyFirst + onlySecond + neither;
  const product = (both + onlyFirst) * (onlySecond + neither) * (both + onlySecond) * (onlyFirst + neither);
  if (product === 0) return 0;
  const raw = both * neither - onlyFirst * onlySecond;
  const corrected = raw > tries / 2 ? raw - tries / 2 : raw >= 0 ? 0 : raw;
  return corrected / Math.sqrt(product);
}

/**
 * How likely a difference as large as this one is where there is none in truth: McNemar's test, exact, of those tries in which
 * just one of both went right (Psychometrika 12, 1947). 1 where there are none.
 */
export function pairedRateChance({
  onlyFirst,
  onlySecond,
}: Pick<Paired, 'onlyFirst' | 'onlySecond'>): number {
  const tries = onlyFirst + onlySecond;
  const least = Math.min(onlyFirst, onlySecond);
  let logTerm = -tries * Math.LN2;
  let tail = 0;
  for (let k = 0; k <= least; k += 1) {
    tail += Math.exp(logTerm);
    logTerm += Math.log((tries - k) / (k + 1));
  }
  return Math.min(1, 2 * tail);
}

export function sumsOf(values: readonly number[]): Sums {
  return values.reduce(
    ({ count, sum, sumSquares }, value) => ({
      count: count + 1,
      sum: sum + value,
      sumSquares: sumSquares + value * value,
    }),
    NO_SUMS,
  );
}

/** So far from 0 reaches the middle 95 % of Student's t. */
function studentQuantile(degrees: number): number {
  let [low, high] = [0, 100];
  for (let step = 0; step < SEARCH_STEPS; step += 1) {
    const middle = (low + high) / 2;
    if (studentTails(middle, degrees) > ALPHA) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/**
 * How much of Student's t lies further from 0 than this, on both sides, for a whole number of degrees of freedom: formulas
 * 26.7.3 and 26.7.4 of Abramowitz and Stegun.
 */
function studentTails(t: number, degrees: number): number {
  const angle = Math.atan(t / Math.sqrt(degrees));
  const [sin, cos] = [Math.sin(angle), Math.cos(angle)];
  const isOdd = degrees % 2 === 1;
  let term = isOdd ? cos : 1;
  let sum = degrees === 1 ? 0 : term;
  for (let k = isOdd ? 3 : 2; k < degrees; k += 2) {
    term *= ((k - 1) / k) * cos * cos;
    sum += term;
  }
  return 1 - (isOdd ? (2 / Math.PI) * (angle + sin * sum) : sin * sum);
}
