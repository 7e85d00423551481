import { asymptoticEvidence, tuneTo, unitEvidence, type MeanEvidence, type Sums } from './mean-evidence.ts';

/** How means are compared. It must not depend on what was seen. */
export interface Comparison {
  /** Whether the highest mean wins, or the lowest. */
  goal: 'MAXIMISE' | 'MINIMISE';
  /** More than 0.5, less than 1. */
  confidence: number;
  /** An arm with fewer values is not looked at. */
  minCount: number;
  /** Values lie between 0 and 1. */
  isUnit: boolean;
}

export interface Compared {
  /** Place of the arm with the best mean. */
  leader: number;
  /** How sure it is that the leader is the best of all, from 0 to 1, without 1. */
  confidence: number;
  /** Whether that is as sure as was asked for. */
  isDecided: boolean;
}

/** It takes the fewest values to decide where an arm has about so many times the least number of them. */
const TUNED_TO = 5;
/** The last number before 1. */
const MOST = 1 - Number.EPSILON / 2;
const SEARCH_STEPS = 30;

/**
 * Compares means at any time, as often as one likes, and stops whenever one likes: looking at each new value makes no error
 * more likely. Against an arm being as good as the leader speaks what the values of both say together against every mean
 * that both might have: the evidence of independent arms adds up. A wrong leader has to get past the arm that is the best
 * in truth, and there is one such pair for each other arm, so alpha is shared out among these (a union bound).
 * @returns undefined while some arm has too few values.
 */
export function compareMeans(arms: readonly Sums[], comparison: Comparison): Compared | undefined {
  const { confidence: wanted, goal } = comparison;
  const known = arms.flatMap((sums) => evidenceOf(sums, comparison) ?? []);
  if (known.length < arms.length) return undefined;
  const sign = goal === 'MAXIMISE' ? 1 : -1;
  const means = known.map(({ mean }) => sign * mean);
  const leader = means.indexOf(Math.max(...means));
  const others = known.filter((_, place) => place !== leader);
  const evidence = Math.min(...others.map((other) => evidenceThatBetter(known[leader]!, other)));
  const confidence = Math.min(MOST, Math.max(0, 1 - others.length * Math.exp(-evidence)));
  return { leader, confidence, isDecided: confidence >= wanted };
}

/**
 * Between which two the mean of one of several arms is: with the confidence that was asked for those of all arms are right
 * at all times together.
 * @returns undefined for one with too few values.
 */
export function intervalOf(
  sums: Sums,
  arms: number,
  comparison: Comparison,
): { low: number; high: number } | undefined {
  return evidenceOf(sums, comparison)?.interval(Math.log(arms / (1 - comparison.confidence)));
}

function evidenceOf(sums: Sums, { confidence, minCount, isUnit }: Comparison): MeanEvidence | undefined {
  if (sums.count < minCount) return undefined;
  return isUnit ? unitEvidence(sums) : asymptoticEvidence(sums, tuneTo(TUNED_TO * minCount, 1 - confidence));
}

/** The least that both together have against a mean that they share; on both sides of it there is more. */
function evidenceThatBetter(one: MeanEvidence, other: MeanEvidence): number {
  const against = (mean: number) => one.against(mean) + other.against(mean);
  let [low, high] = [Math.min(one.mean, other.mean), Math.max(one.mean, other.mean)];
  if (low === high) return 0;
  for (let step = 0; step < SEARCH_STEPS; step += 1) {
    const third = (high - low) / 3;
    if (against(low + third) < against(high - third)) high -= third;
    else low += third;
  }
  return against((low + high) / 2);
}
