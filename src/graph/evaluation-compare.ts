import {
  compareEvaluations,
  type Comparison as ComparisonRow,
  type Difference as DifferenceRow,
  type GraderComparison as GraderComparisonRow,
  type RateDifference as RateDifferenceRow,
} from '../evaluations/compare.ts';
import { findResults } from '../evaluations/evaluation-rows.ts';
import type { EvaluationResult as ResultRow } from '../domain/evaluation.ts';
import { builder } from './builder.ts';
import type { GraphContext } from './context.ts';
import { DatasetCase } from './dataset.ts';
import { Evaluation } from './evaluation.ts';
import { EvaluationResult } from './evaluation-result.ts';
import { Interval } from './evaluation-summary.ts';

/** How many cases that have changed are told. */
const CASES_TOLD = 100;

const ScoreDifference = builder.objectRef<DifferenceRow>('ScoreDifference').implement({
  description: 'How the mean score of b differs from that of a, case by case.',
  fields: (t) => ({
    a: t.exposeFloat('first'),
    b: t.exposeFloat('second'),
    difference: t.exposeFloat('difference', { description: 'More than 0 where b is better.' }),
    interval: t.field({
      type: Interval,
      nullable: true,
      description:
        'Student’s, of the differences between pairs; null for fewer than two, and where all differ by the same.',
      resolve: ({ interval }) => interval,
    }),
  }),
});

const RateDifference = builder.objectRef<RateDifferenceRow>('RateDifference').implement({
  description: 'How the share of cases that have passed differs.',
  fields: (t) => ({
    a: t.exposeFloat('first'),
    b: t.exposeFloat('second'),
    difference: t.exposeFloat('difference', { description: 'More than 0 where b is better.' }),
    interval: t.field({
      type: Interval,
      nullable: true,
      description: 'Newcombe’s for pairs (1998, method 10).',
      resolve: ({ interval }) => interval,
    }),
    chance: t.exposeFloat('chance', {
      description: 'How likely a difference as large is where there is none in truth: McNemar’s exact test.',
    }),
  }),
});

const GraderComparison = builder.objectRef<GraderComparisonRow>('GraderComparison').implement({
  fields: (t) => ({
    grader: t.exposeString('grader'),
    cases: t.exposeInt('cases', { description: 'That it has graded in both.' }),
    passed: t.field({ type: RateDifference, resolve: ({ passed }) => passed }),
    score: t.field({ type: ScoreDifference, resolve: ({ score }) => score }),
  }),
});

interface ComparedCaseRow {
  caseId: string;
  first: ResultRow | undefined;
  second: ResultRow | undefined;
}

const ComparedCase = builder.objectRef<ComparedCaseRow>('ComparedCase').implement({
  fields: (t) => ({
    case: t.field({
      type: DatasetCase,
      nullable: true,
      description: 'Null where its dataset is gone.',
      resolve: ({ caseId }, _args, { loaders }) => loaders.datasetCase.load(caseId),
    }),
    a: t.field({ type: EvaluationResult, nullable: true, resolve: ({ first }) => first }),
    b: t.field({ type: EvaluationResult, nullable: true, resolve: ({ second }) => second }),
  }),
});

const EvaluationComparison = builder.objectRef<ComparisonRow>('EvaluationComparison').implement({
  description: 'Two evaluations of one dataset, case by case. Intervals have a confidence of 95 %.',
  fields: (t) => ({
    a: t.field({ type: Evaluation, resolve: ({ first }) => first }),
    b: t.field({ type: Evaluation, resolve: ({ second }) => second }),
    cases: t.exposeInt('cases', { description: 'That both have a result of. Only these are compared.' }),
    onlyA: t.exposeInt('onlyFirst', { description: 'Cases that b has no result of.' }),
    onlyB: t.exposeInt('onlySecond', { description: 'Cases that a has no result of.' }),
    passed: t.field({
      type: RateDifference,
      nullable: true,
      description: 'A case without an answer has not passed. Null where there is no case.',
      resolve: ({ passed }) => passed,
    }),
    graders: t.field({
      type: [GraderComparison],
      description: 'Those that both have, by their names.',
      resolve: ({ graders }) => graders,
    }),
    betterCount: t.int({
      description: 'Cases that only b has passed.',
      resolve: ({ better }) => better.length,
    }),
    worseCount: t.int({ description: 'Cases that only a has passed.', resolve: ({ worse }) => worse.length }),
    better: t.field({
      type: [ComparedCase],
      description: `The first ${CASES_TOLD} of them.`,
      complexity: 20,
      resolve: (comparison, _args, context) => toCases(comparison, comparison.better, context),
    }),
    worse: t.field({
      type: [ComparedCase],
      description: `The first ${CASES_TOLD} of them.`,
      complexity: 20,
      resolve: (comparison, _args, context) => toCases(comparison, comparison.worse, context),
    }),
  }),
});

async function toCases(
  { first, second }: ComparisonRow,
  caseIds: readonly string[],
  { gateway, who }: GraphContext,
): Promise<ComparedCaseRow[]> {
  const told = caseIds.slice(0, CASES_TOLD);
  const keys = told.flatMap((caseId) => [first, second].map(({ id }) => ({ evaluationId: id, caseId })));
  const found = await findResults(gateway.database.sql, who.organisationId, keys);
  const of = (evaluationId: string, caseId: string) =>
    found.find((result) => result.evaluationId === evaluationId && result.caseId === caseId);
  return told.map((caseId) => ({ caseId, first: of(first.id, caseId), second: of(second.id, caseId) }));
}

builder.queryField('evaluationCompare', (t) =>
  t.field({
    type: EvaluationComparison,
    nullable: true,
    description: 'How evaluation b of a dataset differs from a. Null where there is no such evaluation.',
    complexity: 50,
    args: { a: t.arg.id({ required: true }), b: t.arg.id({ required: true }) },
    resolve: (_root, { a, b }, { gateway, who }) => compareEvaluations(gateway.database.sql, who, [a, b]),
  }),
);
