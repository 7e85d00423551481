import { COMMENT_MAX, METRICS_MAX, rateCompletion } from '../completion/rate.ts';
import { METRICS_TOLD, type CompletionMetric as MetricRow } from '../ledger/metrics.ts';
import { RATINGS_TOLD, type Rating as RatingRow } from '../ledger/ratings.ts';
import { builder } from './builder.ts';
import { CompletionPayload } from './completion-queries.ts';
import { Completion } from './completion.ts';
import { payload } from './errors.ts';
import { withoutNull } from './inputs.ts';

const SCORE = 'From 0, of no use, to 1, as good as can be.';

const Rating = builder.objectRef<RatingRow>('Rating').implement({
  description: 'What somebody thought of an answer.',
  fields: (t) => ({
    score: t.exposeFloat('score', { description: SCORE }),
    comment: t.string({ nullable: true, resolve: ({ comment }) => comment }),
    createdAt: t.field({
      type: 'DateTime',
      description: 'When it was given, or replaced the last time.',
      resolve: ({ createdAt }) => createdAt,
    }),
  }),
});

builder.objectField(Completion, 'ratings', (t) =>
  t.field({
    type: [Rating],
    description: `One for each key or user that rated it, the last one first; at most ${RATINGS_TOLD}.`,
    resolve: ({ id }, _args, { loaders }) => loaders.ratingsOfCompletion.load(id),
  }),
);

const CompletionMetric = builder.objectRef<MetricRow>('CompletionMetric').implement({
  description: 'What came of an answer, by a measure of the callers’ own.',
  fields: (t) => ({
    name: t.exposeString('name'),
    value: t.exposeFloat('value'),
    createdAt: t.field({
      type: 'DateTime',
      description: 'When it was told, or replaced the last time.',
      resolve: ({ createdAt }) => createdAt,
    }),
  }),
});

builder.objectField(Completion, 'metrics', (t) =>
  t.field({
    type: [CompletionMetric],
    description: `What keys and users have told of it, the last one first; at most ${METRICS_TOLD}.`,
    resolve: ({ id }, _args, { loaders }) => loaders.metricsOfCompletion.load(id),
  }),
);

const CompletionMetricInput = builder.inputType('CompletionMetricInput', {
  fields: (t) => ({
    name: t.string({
      required: true,
      description: 'Begins with a-z and has up to 64 of a-z, A-Z, 0-9, ".", "_" and "-".',
    }),
    value: t.float({ required: true }),
  }),
});

const CompletionRateInput = builder.inputType('CompletionRateInput', {
  fields: (t) => ({
    id: t.id({ required: true }),
    score: t.float({ description: `${SCORE} Not needed where there are metrics.` }),
    comment: t.string({ description: `Goes with the score; at most ${COMMENT_MAX} characters.` }),
    metrics: t.field({
      type: [CompletionMetricInput],
      description: `What came of it, such as \`{ name: "resolved", value: 1 }\`; at most ${METRICS_MAX}. An experiment can compare by one.`,
    }),
  }),
});

builder.mutationField('completionRate', (t) =>
  t.field({
    type: CompletionPayload,
    description: `Says how good a completion was, and what came of it, each part in the place of what the same key or user said before. The
first score is learned by the LEARNED routes that led to it; a canary or an experiment that it belongs to is judged by it. While it runs: \`CONFLICT\`.`,
    args: { input: t.arg({ type: CompletionRateInput, required: true }) },
    resolve: (_root, { input }, { gateway, who }) =>
      payload(async () => {
        const { score, comment, metrics = [], ...rest } = withoutNull(input);
        return { completion: await rateCompletion(gateway, who, { ...rest, score, comment, metrics }) };
      }),
  }),
);
