import type {
  GraderSummary as GraderSummaryRow,
  Rate as RateRow,
  Summary as SummaryRow,
} from '../evaluations/summary.ts';
import type { Interval as IntervalRow } from '../lib/intervals.ts';
import { builder } from './builder.ts';
import { Grader } from './grader.ts';

export const Interval = builder.objectRef<IntervalRow>('Interval').implement({
  description: 'Between which two something is in truth, with a confidence of 95 %.',
  fields: (t) => ({ low: t.exposeFloat('low'), high: t.exposeFloat('high') }),
});

const Rate = builder.objectRef<RateRow>('Rate').implement({
  description: 'A share, from 0 to 1.',
  fields: (t) => ({
    rate: t.exposeFloat('rate'),
    interval: t.field({
      type: Interval,
      description: 'The score interval of Wilson.',
      resolve: (rate) => rate,
    }),
  }),
});

const GraderSummary = builder.objectRef<GraderSummaryRow>('GraderSummary').implement({
  description: 'What one grader thinks of all answers that it was given.',
  fields: (t) => ({
    grader: t.field({ type: Grader, resolve: ({ grader }) => grader }),
    graded: t.exposeInt('graded', { description: 'How many.' }),
    passed: t.field({ type: Rate, nullable: true, resolve: ({ passed }) => passed }),
    meanScore: t.float({ nullable: true, resolve: ({ meanScore }) => meanScore }),
    interval: t.field({
      type: Interval,
      nullable: true,
      description:
        'Of the mean, by Student’s t; null for fewer than two answers, and where all have one score.',
      resolve: ({ interval }) => interval,
    }),
  }),
});

const CaseLatency = builder.objectRef<NonNullable<SummaryRow['latency']>>('CaseLatency').implement({
  description: 'Of the completions that answered.',
  fields: (t) => ({
    p50Ms: t.exposeInt('p50Ms'),
    p95Ms: t.exposeInt('p95Ms'),
    totalMs: t.field({ type: 'SafeInt', description: 'All together.', resolve: ({ totalMs }) => totalMs }),
  }),
});

export const EvaluationSummary = builder.objectRef<SummaryRow>('EvaluationSummary').implement({
  description: 'What has come of the cases that are done.',
  fields: (t) => ({
    passed: t.field({
      type: Rate,
      nullable: true,
      description: 'A case without an answer has not passed.',
      resolve: ({ passed }) => passed,
    }),
    graders: t.field({ type: [GraderSummary], resolve: ({ graders }) => graders }),
    latency: t.field({ type: CaseLatency, nullable: true, resolve: ({ latency }) => latency }),
  }),
});
