import type { LabelRequest as RequestRow } from '../domain/prompt.ts';
import { deleteLabel, setLabel, type LabelOutcome } from '../prompts/labels.ts';
import { listProtectedLabels, protectLabel } from '../prompts/protect.ts';
import type { LabelledPrompt } from '../prompts/rows.ts';
import { builder } from './builder.ts';
import type { GraphContext } from './context.ts';
import { payload, UserError, type Payload } from './errors.ts';
import { withoutNull } from './inputs.ts';
import { PromptLabelRequest } from './prompt-label-request.ts';
import { PromptSchemaChange } from './prompt-check.ts';
import type { NoticedChange } from './prompt-fields/publish-check.ts';
import { checking, FORCE } from './prompt-publish.ts';
import { foundPrompt } from './prompt-set.ts';
import { Prompt } from './prompt.ts';
import { originOf } from './route-set.ts';

const NOTE = 'Why; for whoever decides on a protected label.';

const PromptLabelSetInput = builder.inputType('PromptLabelSetInput', {
  fields: (t) => ({
    slug: t.string({ required: true }),
    label: t.string({ required: true, description: '`production` is what is published.' }),
    version: t.int({ required: true }),
    note: t.string({ description: NOTE }),
    force: t.boolean(FORCE),
  }),
});

const PromptLabelDeleteInput = builder.inputType('PromptLabelDeleteInput', {
  fields: (t) => ({
    slug: t.string({ required: true }),
    label: t.string({ required: true }),
    note: t.string({ description: NOTE }),
    force: t.boolean(FORCE),
  }),
});

interface LabelChanged {
  prompt: LabelledPrompt | undefined;
  labelRequest: RequestRow | null;
}

const PromptLabelPayload = builder
  .objectRef<Payload<LabelChanged> & { changes: NoticedChange[] }>('PromptLabelPayload')
  .implement({
    fields: (t) => ({
      prompt: t.field({ type: Prompt, nullable: true, resolve: ({ prompt }) => prompt }),
      labelRequest: t.field({
        type: PromptLabelRequest,
        nullable: true,
        description:
          'What somebody else is to decide on, where the label is protected: nothing has moved yet.',
        resolve: ({ labelRequest }) => labelRequest,
      }),
      changes: t.field({
        type: [PromptSchemaChange],
        nullable: true,
        description: 'What it does to the graph, or would have done where it is refused.',
        resolve: ({ changes }) => changes,
      }),
      errors: t.field({ type: [UserError], resolve: ({ errors }) => errors }),
    }),
  });

const PromptLabelProtectPayload = builder
  .objectRef<Payload<{ labels: string[] }>>('PromptLabelProtectPayload')
  .implement({
    fields: (t) => ({
      labels: t.stringList({
        nullable: true,
        description: 'All that are protected now.',
        resolve: ({ labels }) => labels,
      }),
      errors: t.field({ type: [UserError], resolve: ({ errors }) => errors }),
    }),
  });

builder.queryField('promptProtectedLabels', (t) =>
  t.stringList({
    description: 'Labels of the organisation that move only when two agree.',
    resolve: (_root, _args, { gateway, who }) => listProtectedLabels(gateway.prompts.sql, who),
  }),
);

builder.mutationFields((t) => ({
  promptLabelSet: t.field({
    type: PromptLabelPayload,
    description: `Lets a label stand for a version: publishing and rolling back alike. Completions that have begun keep the version
they began with. A protected label moves when somebody else agrees, by \`promptLabelDecide\`. Under \`production\` it is
refused for what cannot be a field of the graph, and for what breaks a registered operation.`,
    args: { input: t.arg({ type: PromptLabelSetInput, required: true }) },
    resolve: async (_root, { input }, context) => {
      const { force, ...wanted } = withoutNull(input);
      const { store, changes } = await checking(context, force);
      const done = await payload(async () => {
        const outcome = await setLabel(store, context.who, wanted, originOf(context));
        return outcomeOf(context, wanted.slug, outcome);
      });
      return { ...done, changes: changes() };
    },
  }),
  promptLabelDelete: t.field({
    type: PromptLabelPayload,
    description:
      'Takes a label away: nothing is served under it any more. A protected one goes when somebody else agrees.',
    args: { input: t.arg({ type: PromptLabelDeleteInput, required: true }) },
    resolve: async (_root, { input }, context) => {
      const { force, ...wanted } = withoutNull(input);
      const { store, changes } = await checking(context, force);
      const done = await payload(async () => {
        const outcome = await deleteLabel(store, context.who, wanted, originOf(context));
        return outcomeOf(context, wanted.slug, outcome);
      });
      return { ...done, changes: changes() };
    },
  }),
  promptLabelProtect: t.field({
    type: PromptLabelProtectPayload,
    description: `Whether a label, of all prompts of the organisation, moves only when two agree. What waits for a decision is called
off with the protection.`,
    args: { label: t.arg.string({ required: true }), protected: t.arg.boolean({ required: true }) },
    resolve: (_root, { label, protected: isToBe }, context) =>
      payload(async () => ({
        labels: await protectLabel(
          context.gateway.prompts,
          context.who,
          { label, isToBe },
          originOf(context),
        ),
      })),
  }),
}));

async function outcomeOf(context: GraphContext, slug: string, { requestId }: LabelOutcome) {
  const labelRequest = requestId === undefined ? null : await context.loaders.labelRequest.load(requestId);
  return { ...(await foundPrompt(context, slug)), labelRequest };
}
