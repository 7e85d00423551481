/** All that is kept of the values of a metric: enough for their mean and how far they spread. */
export interface Sums {
  count: number;
  sum: number;
  sumSquares: number;
}

export const NO_SUMS: Sums = { count: 0, sum: 0, sumSquares: 0 };

/**
 * What values say against each mean that they might have in truth, at every count at once: however often one looks, and
 * whenever one stops, the evidence against the true mean passes `e` with a probability of at most exp(-e). It takes values as
 * independent of each other.
 */
export interface MeanEvidence {
  mean: number;
  /** 0 or less: nothing. Grows with the distance from the mean that was seen. */
  against(mean: number): number;
  /** The means against which there is less evidence than this. */
  interval(evidence: number): { low: number; high: number };
}

const SEARCH_STEPS = 50;

/**
 * For values from 0 to 1. Exact from the first one on: a wager that each is a coin of unknown chance, by a Beta(1/2, 1/2)
 * mixture, against a coin of the chance in question. That gains nothing on average where the mean is right, also for what
 * lies between 0 and 1, and Ville's inequality bounds how far it ever gets (Howard, Ramdas, McAuliffe, Sekhon:
 * Time-uniform, nonparametric, nonasymptotic confidence sequences, Annals of Statistics 49(2), 2021, section 3,
 * https://arxiv.org/abs/1810.08240).
 */
export function unitEvidence({ count, sum }: Sums): MeanEvidence {
  const mean = sum / count;
  const gained = logBeta(sum + 0.5, count - sum + 0.5) - logBeta(0.5, 0.5);
  const against = (chance: number) => gained - timesLog(sum, chance) - timesLog(count - sum, 1 - chance);
  return {
    mean,
    against,
    interval: (evidence) => ({
      low: against(0) < evidence ? 0 : crossing(mean, 0, (x) => against(x) >= evidence),
      high: against(1) < evidence ? 1 : crossing(mean, 1, (x) => against(x) >= evidence),
    }),
  };
}

/**
 * For values that may be anything: right for large counts, as the central limit theorem is, and sooner the less skewed they
 * are (Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas: Time-uniform central limit theory and asymptotic confidence sequences,
 * Annals of Statistics 52(6), 2024, theorem 2.2, https://arxiv.org/abs/2103.06476).
 * @param rho2 the square of its rho, which must not depend on what was seen.
 */
export function asymptoticEvidence({ count, sum, sumSquares }: Sums, rho2: number): MeanEvidence {
  const mean = sum / count;
  const variance = Math.max(0, sumSquares - count * mean * mean) / Math.max(1, count - 1);
  const grown = count * rho2 + 1;
  const scale = (count * count * rho2) / (2 * grown);
  return {
    mean,
    against(other) {
      const distance = mean - other;
      return distance === 0 ? 0 : (scale * distance * distance) / variance - Math.log(grown) / 2;
    },
    interval(evidence) {
      const width = Math.sqrt((variance / scale) * (evidence + Math.log(grown) / 2));
      return { low: mean - width, high: mean + width };
    },
  };
}

/** The rho that makes intervals narrowest at about this count: the approximation in the paper's appendix. */
export function tuneTo(count: number, alpha: number): number {
  const evidence = -2 * Math.log(alpha);
  return (evidence + Math.log(evidence + 1)) / count;
}

/** Where something begins to hold on the way from where it does not to where it does. */
function crossing(from: number, to: number, holds: (x: number) => boolean): number {
  let [not, does] = [from, to];
  for (let step = 0; step < SEARCH_STEPS; step += 1) {
    const middle = (not + does) / 2;
    if (holds(middle)) does = middle;
    else not = middle;
  }
  return (not + does) / 2;
}

function timesLog(times: number, value: number): number {
  return times === 0 ? 0 : times * Math.log(value);
}

function logBeta(a: number, b: number): number {
  return logGamma(a) + logGamma(b) - logGamma(a + b);
}

/** Stirling's series, of a number that is large enough for it: https://dlmf.nist.gov/5.11#i */
function logGamma(x: number): number {
  let [large, product] = [x, 1];
  for (; large < 10; large += 1) product *= large;
  const inverse = 1 / large;
  const square = inverse * inverse;
  const series = inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square / 1680)));
  return (large - 0.5) * Math.log(large) - large + Math.log(2 * Math.PI) / 2 + series - Math.log(product);
}
