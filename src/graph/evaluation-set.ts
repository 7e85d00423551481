import type { Evaluation as EvaluationRow } from '../domain/evaluation.ts';
import { findEvaluation } from '../evaluations/evaluation-rows.ts';
import { cancelEvaluation, startEvaluation } from '../evaluations/start.ts';
import { NANOS } from '../lib/money.ts';
import { builder } from './builder.ts';
import { payload, UserError, type Payload } from './errors.ts';
import { Evaluation } from './evaluation.ts';
import { GraderInput, toGraders } from './grader.ts';
import { originOf } from './route-set.ts';

const DEFAULTS = { maxCostNanos: NANOS, concurrency: 5, passingRate: 1 };

const EvaluationStartInput = builder.inputType('EvaluationStartInput', {
  fields: (t) => ({
    prompt: t.string({ required: true, description: 'Its slug.' }),
    version: t.int({ description: 'The newest, unless this or a label is given.' }),
    label: t.string(),
    dataset: t.string({ required: true, description: 'Its name. The newest version of it is run.' }),
    graders: t.field({ type: [GraderInput], required: true }),
    model: t.string({ description: 'Instead of the model of the prompt.' }),
    maxCost: t.field({
      type: 'Decimal',
      description:
        'The most that it may come to in USD, judges included; "1" unless given. It is never passed.',
    }),
    concurrency: t.int({
      defaultValue: DEFAULTS.concurrency,
      description: 'How many cases run at a time; at most 20.',
    }),
    passingRate: t.float({
      defaultValue: DEFAULTS.passingRate,
      description: 'The share of cases that has to pass, from 0 to 1.',
    }),
    sample: t.int({
      description: 'So many of the cases, the same ones of a dataset each time. All, unless given.',
    }),
  }),
});

const EvaluationPayload = builder
  .objectRef<Payload<{ evaluation: EvaluationRow | undefined }>>('EvaluationPayload')
  .implement({
    fields: (t) => ({
      evaluation: t.field({ type: Evaluation, nullable: true, resolve: ({ evaluation }) => evaluation }),
      errors: t.field({ type: [UserError], resolve: ({ errors }) => errors }),
    }),
  });

builder.mutationFields((t) => ({
  evaluationStart: t.field({
    type: EvaluationPayload,
    description: `Begins to run a version of a prompt on each case of a dataset, and answers at once; \`evaluationProgress\` tells how it gets
on. Each case is a completion of whoever starts it, within all that holds for these. Nothing is called unless every case fits the
variables of the prompt.`,
    args: { input: t.arg({ type: EvaluationStartInput, required: true }) },
    resolve: (_root, { input }, context) =>
      payload(async () => ({
        evaluation: await startEvaluation(
          context.gateway.evaluations,
          context.who,
          toWanted(input),
          originOf(context),
        ),
      })),
  }),
  evaluationCancel: t.field({
    type: EvaluationPayload,
    description: `Ends an evaluation before all is run: what is under way is stopped, and booked as far as it went. One that is over stays as
it is.`,
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, context) =>
      payload(async () => {
        const { gateway, who } = context;
        await cancelEvaluation(gateway.evaluations, who, id, originOf(context));
        return { evaluation: await findEvaluation(gateway.database.sql, who.organisationId, id) };
      }),
  }),
}));

function toWanted(input: typeof EvaluationStartInput.$inferInput) {
  const { prompt, version, label, dataset, graders, model, maxCost, concurrency, passingRate, sample } =
    input;
  return {
    slug: prompt,
    version: version ?? undefined,
    label: label ?? undefined,
    dataset,
    graders: toGraders(graders, ['input', 'graders']),
    model: model ?? undefined,
    maxCostNanos: maxCost ?? DEFAULTS.maxCostNanos,
    concurrency: concurrency ?? DEFAULTS.concurrency,
    passingRate: passingRate ?? DEFAULTS.passingRate,
    sample: sample ?? undefined,
  };
}
