import type { Sql } from '../db/database.ts';
import { InvalidInput } from '../domain/errors.ts';
import type { Evaluation } from '../domain/evaluation.ts';
import type { Principal } from '../domain/principal.ts';
import {
  meanInterval,
  pairedRateChance,
  pairedRateInterval,
  sumsOf,
  type Interval,
  type Paired,
} from '../lib/intervals.ts';
import { findEvaluation, readVerdicts, type Verdict } from './evaluation-rows.ts';

/** How the second differs from the first: more than 0 where the second is better. With a confidence of 95 %. */
export interface Difference {
  first: number;
  second: number;
  difference: number;
  /** Undefined where nothing can be said of it: fewer than two pairs, or all differ by the same. */
  interval: Interval | undefined;
}

/** Differences between shares of cases. */
export interface RateDifference extends Difference {
  /** How likely one as large is where there is none in truth. */
  chance: number;
}

export interface GraderComparison {
  grader: string;
  /** Cases that it has graded in both. */
  cases: number;
  passed: RateDifference;
  score: Difference;
}

export interface Comparison {
  first: Evaluation;
  second: Evaluation;
  /** That both have a result of. */
  cases: number;
  onlyFirst: number;
  onlySecond: number;
  /** Undefined: there is no such case. */
  passed: RateDifference | undefined;
  /** Graders that both have, by name. */
  graders: GraderComparison[];
  /** Ids of the cases that only the second has passed, and that only the first has. */
  better: string[];
  worse: string[];
}

type Pair = [Verdict, Verdict];

/**
 * Compares two evaluations of one dataset case by case. Of shares the intervals are Newcombe's for pairs, and the chance is
 * McNemar's; those of scores are Student's, of the differences between pairs.
 * @returns undefined where one of them is not there.
 * @throws InvalidInput where they are of different datasets.
 */
export async function compareEvaluations(
  sql: Sql,
  { organisationId }: Principal,
  ids: readonly [string, string],
): Promise<Comparison | undefined> {
  const [first, second] = await Promise.all(ids.map((id) => findEvaluation(sql, organisationId, id)));
  if (!first || !second) return undefined;
  if (first.datasetId !== second.datasetId) {
    const message = 'b is of another dataset; only evaluations of one dataset can be compared';
    throw new InvalidInput([{ path: ['b'], message }]);
  }
  const [ofFirst, ofSecond] = await Promise.all(ids.map((id) => readVerdicts(sql, organisationId, id)));
  return { first, second, ...compareVerdicts(ofFirst!, ofSecond!) };
}

function compareVerdicts(
  ofFirst: readonly Verdict[],
  ofSecond: readonly Verdict[],
): Omit<Comparison, 'first' | 'second'> {
  const byCase = new Map(ofFirst.map((verdict) => [verdict.caseId, verdict]));
  const pairs = ofSecond.flatMap((second): Pair[] => {
    const first = byCase.get(second.caseId);
    return first ? [[first, second]] : [];
  });
  const only = (side: 0 | 1) =>
    pairs.filter((pair) => pair[side].passed && !pair[1 - side]!.passed).map(([{ caseId }]) => caseId);
  return {
    cases: pairs.length,
    onlyFirst: ofFirst.length - pairs.length,
    onlySecond: ofSecond.length - pairs.length,
    passed: pairs.length === 0 ? undefined : compareRates(pairs.map(([a, b]) => [a.passed, b.passed])),
    graders: compareGraders(pairs),
    better: only(1),
    worse: only(0),
  };
}

function compareGraders(pairs: readonly Pair[]): GraderComparison[] {
  const names = new Set(pairs.flatMap(([first]) => first.graded.map(({ grader }) => grader)));
  return [...names].flatMap((grader) => {
    const graded = pairs.flatMap((pair) => {
      const [first, second] = pair.map((each) => each.graded.find((one) => one.grader === grader));
      return first && second ? [{ first, second }] : [];
    });
    if (graded.length === 0) return [];
    const passed = compareRates(graded.map(({ first, second }) => [first.passed, second.passed]));
    const score = compareScores(graded.map(({ first, second }) => [first.score, second.score]));
    return [{ grader, cases: graded.length, passed, score }];
  });
}

function compareRates(pairs: readonly [boolean, boolean][]): RateDifference {
  const count = (first: boolean, second: boolean) =>
    pairs.filter((pair) => pair[0] === first && pair[1] === second).length;
  const paired: Paired = {
    both: count(true, true),
    onlyFirst: count(true, false),
    onlySecond: count(false, true),
    neither: count(false, false),
  };
  const [first, second] = [paired.onlyFirst, paired.onlySecond].map((n) => (paired.both + n) / pairs.length);
  return {
    first: first!,
    second: second!,
    difference: (paired.onlySecond - paired.onlyFirst) / pairs.length,
    interval: pairedRateInterval(paired),
    chance: pairedRateChance(paired),
  };
}

function compareScores(pairs: readonly [number, number][]): Difference {
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const differences = pairs.map(([first, second]) => second - first);
  return {
    first: mean(pairs.map(([first]) => first)),
    second: mean(pairs.map(([, second]) => second)),
    difference: mean(differences),
    interval: meanInterval(sumsOf(differences)),
  };
}
