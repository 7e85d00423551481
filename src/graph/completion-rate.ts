import { COMMENT_MAX, rateCompletion } from '../completion/rate.ts';
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

const CompletionRateInput = builder.inputType('CompletionRateInput', {
  fields: (t) => ({
    id: t.id({ required: true }),
    score: t.float({ required: true, description: SCORE }),
    comment: t.string({ description: `At most ${COMMENT_MAX} characters.` }),
  }),
});

builder.mutationField('completionRate', (t) =>
  t.field({
    type: CompletionPayload,
    description: `Says how good a completion was, in the place of what the same key or user said before. The first score is learned by
the LEARNED routes that led to it. While it runs: \`CONFLICT\`.`,
    args: { input: t.arg({ type: CompletionRateInput, required: true }) },
    resolve: (_root, { input }, { gateway, who }) =>
      payload(async () => {
        const { comment, ...rest } = withoutNull(input);
        return { completion: await rateCompletion(gateway, who, { ...rest, comment }) };
      }),
  }),
);
