import {
  deleteRequirement,
  listRequirements,
  setRequirement,
  type LabelRequirement as RequirementRow,
} from '../evaluations/requirements.ts';
import { builder } from './builder.ts';
import { Dataset } from './dataset.ts';
import { payload, UserError, type Payload } from './errors.ts';
import { Grader, GraderInput, toGraders } from './grader.ts';
import { Prompt } from './prompt.ts';
import { originOf } from './route-set.ts';

const PromptLabelRequirement = builder.objectRef<RequirementRow>('PromptLabelRequirement').implement({
  description: `What a label asks of each version that it is to stand for: an evaluation that has passed, of exactly this version, on all
cases of the newest version of the dataset.`,
  fields: (t) => ({
    label: t.exposeString('label'),
    prompt: t.field({
      type: Prompt,
      nullable: true,
      description: 'Null: every prompt of the organisation.',
      resolve: ({ promptId }, _args, { loaders }) =>
        promptId === undefined ? null : loaders.prompt.load(promptId),
    }),
    anyDataset: t.boolean({ resolve: ({ datasetId }) => datasetId === undefined }),
    dataset: t.field({
      type: Dataset,
      nullable: true,
      description: 'Null where it may be any, or it is gone: then the label stands for nothing new.',
      resolve: ({ datasetId }, _args, { loaders }) =>
        datasetId === undefined ? null : loaders.dataset.load(datasetId),
    }),
    minPassRate: t.exposeFloat('minPassRate', { description: 'The least share of cases that have passed.' }),
    graders: t.field({
      type: [Grader],
      nullable: true,
      description: 'Exactly those that have judged the answers; null: any.',
      resolve: ({ graders }) => graders,
    }),
    setBy: t.node({ description: 'The key or user.', id: ({ setBy }) => setBy }),
    setAt: t.field({ type: 'DateTime', resolve: ({ setAt }) => setAt }),
  }),
});

const PromptLabelRequireInput = builder.inputType('PromptLabelRequireInput', {
  fields: (t) => ({
    label: t.string({ required: true }),
    slug: t.string({ description: 'Of one prompt; every prompt of the organisation, unless given.' }),
    dataset: t.string({ description: 'Its name; any, unless given.' }),
    minPassRate: t.float({ defaultValue: 1, description: 'The least share of cases that have passed.' }),
    graders: t.field({
      type: [GraderInput],
      description: 'Exactly those that have to judge the answers. Without them whoever evaluates chooses.',
    }),
  }),
});

const PromptLabelRequirementPayload = builder
  .objectRef<Payload<{ requirement: RequirementRow | undefined }>>('PromptLabelRequirementPayload')
  .implement({
    fields: (t) => ({
      requirement: t.field({
        type: PromptLabelRequirement,
        nullable: true,
        resolve: ({ requirement }) => requirement,
      }),
      errors: t.field({ type: [UserError], resolve: ({ errors }) => errors }),
    }),
  });

builder.mutationFields((t) => ({
  promptLabelRequire: t.field({
    type: PromptLabelRequirementPayload,
    description: `Lets a label stand from now on only for versions that have passed an evaluation; \`promptLabelSet\` refuses others, forced or
not. What it stands for now stays. What is asked of all prompts and of one of them holds both.`,
    args: { input: t.arg({ type: PromptLabelRequireInput, required: true }) },
    resolve: (_root, { input: { label, slug, dataset, minPassRate, graders } }, context) =>
      payload(async () => {
        const wanted = {
          label,
          slug: slug ?? undefined,
          dataset: dataset ?? undefined,
          minPassRate: minPassRate ?? 1,
          graders: graders ? toGraders(graders, ['input', 'graders']) : undefined,
        };
        const { prompts } = context.gateway;
        return { requirement: await setRequirement(prompts, context.who, wanted, originOf(context)) };
      }),
  }),
  promptLabelUnrequire: t.field({
    type: PromptLabelRequirementPayload,
    description: 'Asks nothing any more of the versions that a label is to stand for.',
    args: {
      label: t.arg.string({ required: true }),
      slug: t.arg.string({ description: 'Of one prompt; of the organisation, unless given.' }),
    },
    resolve: (_root, { label, slug }, context) =>
      payload(async () => {
        const key = { label, slug: slug ?? undefined };
        await deleteRequirement(context.gateway.prompts, context.who, key, originOf(context));
        return { requirement: undefined };
      }),
  }),
}));

builder.queryField('promptLabelRequirements', (t) =>
  t.field({
    type: [PromptLabelRequirement],
    description: 'What labels ask of versions, by label.',
    complexity: 20,
    resolve: (_root, _args, { gateway, who }) => listRequirements(gateway.database.sql, who.organisationId),
  }),
);
