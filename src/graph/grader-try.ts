import type { Graded as GradedRow } from '../domain/evaluation.ts';
import { tryGraders } from '../evaluations/try-graders.ts';
import { builder } from './builder.ts';
import { COMPLETION_COST } from '../domain/operation.ts';
import { payload, UserError, type Payload } from './errors.ts';
import { Graded, GraderInput, toGraders } from './grader.ts';

const GradersTryInput = builder.inputType('GradersTryInput', {
  fields: (t) => ({
    graders: t.field({ type: [GraderInput], required: true }),
    answer: t.string({ required: true, description: 'As a model would give it; where it is JSON, as text.' }),
    expected: t.field({ type: 'JSON', description: 'Text or any JSON; null: nothing is.' }),
    variables: t.field({ type: 'JSON', description: 'What the prompt was given; judges read it.' }),
  }),
});

const GradersTryPayload = builder.objectRef<Payload<{ graded: GradedRow[] }>>('GradersTryPayload').implement({
  fields: (t) => ({
    graded: t.field({
      type: [Graded],
      nullable: true,
      description: 'In the order of the graders.',
      resolve: ({ graded }) => graded,
    }),
    errors: t.field({ type: [UserError], resolve: ({ errors }) => errors }),
  }),
});

builder.mutationField('gradersTry', (t) =>
  t.field({
    type: GradersTryPayload,
    description:
      'Has graders look at one answer, to see whether they say what they should. Judges and embeddings cost what they cost.',
    args: { input: t.arg({ type: GradersTryInput, required: true }) },
    complexity: COMPLETION_COST,
    resolve: (_root, { input }, { gateway, who, signal, requestId, traceId, ip, region, onLimits }) =>
      payload(async () => {
        const graders = toGraders(input.graders, ['input', 'graders']);
        const subject = {
          output: { text: input.answer, object: undefined },
          expected: input.expected ?? undefined,
          variables: (input.variables ?? {}) as Record<string, unknown>,
        };
        const options = { requestId, traceId, ip, region, onLimits };
        return { graded: await tryGraders(gateway.runs, who, { graders, subject }, options, signal) };
      }),
  }),
);
