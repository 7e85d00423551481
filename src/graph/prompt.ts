import {
  PROMPT_ROLES,
  VARIABLE_TYPES,
  type PinnedPartial as PartialRow,
  type PromptMessage as MessageRow,
  type PromptVariable as VariableRow,
  type PromptVersion as VersionRow,
} from '../domain/prompt.ts';
import type { LabelledPrompt } from '../prompts/rows.ts';
import { builder } from './builder.ts';
import { Completion } from './completion.ts';
import { connectionOf, pageArgs, pageComplexity, readPage } from './connection.ts';
import { PromptEntity } from './prompt-entity.ts';

export const PromptRole = builder.enumType('PromptRole', { values: PROMPT_ROLES });
export const VariableType = builder.enumType('VariableType', {
  description: 'IMAGE: a URL that begins with https:// or data:image/.',
  values: VARIABLE_TYPES,
});

const PromptMessage = builder.objectRef<MessageRow>('PromptMessage').implement({
  fields: (t) => ({
    role: t.field({ type: PromptRole, resolve: ({ role }) => role }),
    template: t.exposeString('template', { description: 'In Liquid.' }),
  }),
});

const PinnedPartial = builder.objectRef<PartialRow & { name: string }>('PinnedPartial').implement({
  description: 'A partial as it was when the version was made.',
  fields: (t) => ({
    name: t.exposeString('name'),
    version: t.exposeInt('version'),
    template: t.exposeString('template', { description: 'In Liquid.' }),
  }),
});

const PromptVariable = builder.objectRef<VariableRow>('PromptVariable').implement({
  description: 'What a caller gives to a prompt.',
  fields: (t) => ({
    name: t.exposeString('name'),
    type: t.field({ type: VariableType, resolve: ({ type }) => type }),
    schema: t.field({
      type: 'JSON',
      nullable: true,
      description: 'JSON Schema of a LIST or an OBJECT; null: anything of the type.',
      resolve: ({ schema }) => schema,
    }),
    description: t.string({ nullable: true, resolve: ({ description }) => description }),
    required: t.exposeBoolean('required'),
    default: t.field({ type: 'JSON', nullable: true, resolve: (variable) => variable.default }),
    example: t.field({ type: 'JSON', nullable: true, resolve: ({ example }) => example }),
    neverLog: t.exposeBoolean('neverLog', { description: 'Its value is kept nowhere.' }),
  }),
});

export const PromptVersion = builder.objectRef<VersionRow>('PromptVersion');
builder.node(PromptVersion, {
  description: 'What a prompt said from a moment on. No version ever changes.',
  id: { resolve: ({ id }) => id },
  loadManyWithoutCache: (ids, { loaders }) => Promise.all(ids.map((id) => loaders.promptVersion.load(id))),
  fields: (t) => ({
    number: t.exposeInt('number', { description: 'From 1 on.' }),
    messages: t.field({ type: [PromptMessage], resolve: ({ spec }) => spec.messages }),
    partials: t.field({
      type: [PinnedPartial],
      description: 'All that its templates use, through others too.',
      resolve: ({ spec }) =>
        Object.entries(spec.partials)
          .map(([name, partial]) => ({ name, ...partial }))
          .toSorted((one, other) => (one.name < other.name ? -1 : 1)),
    }),
    variables: t.field({
      type: [PromptVariable],
      description: 'Those that were declared, and those that the templates name beside them.',
      resolve: ({ spec }) => spec.variables,
    }),
    model: t.string({
      nullable: true,
      description: 'The model or route; null: its caller names one.',
      resolve: ({ spec }) => spec.model,
    }),
    params: t.field({ type: 'JSON', resolve: ({ spec }) => spec.params }),
    tools: t.field({ type: 'JSON', resolve: ({ spec }) => spec.tools }),
    outputSchema: t.field({
      type: 'JSON',
      nullable: true,
      description: 'What the answer must meet; null: it is text.',
      resolve: ({ spec }) => spec.outputSchema,
    }),
    cacheSeconds: t.int({
      nullable: true,
      description: 'How long an answer may be given again to the same caller for the same variables.',
      resolve: ({ spec }) => spec.cache?.maxAgeSeconds,
    }),
    entity: t.field({
      type: PromptEntity,
      nullable: true,
      description: 'The entity of another subgraph of which it answers a field; null: of none.',
      resolve: ({ spec }) => spec.entity,
    }),
    note: t.string({ nullable: true, resolve: ({ note }) => note }),
    createdAt: t.field({ type: 'DateTime', resolve: ({ createdAt }) => createdAt }),
    createdBy: t.node({
      description: 'The key or user; null where the viewer may not see it.',
      id: ({ createdBy }) => createdBy,
    }),
  }),
});

interface LabelRow {
  name: string;
  promptId: string;
  number: number;
}

const PromptLabel = builder.objectRef<LabelRow>('PromptLabel').implement({
  fields: (t) => ({
    name: t.exposeString('name'),
    version: t.field({
      type: PromptVersion,
      nullable: true,
      resolve: ({ promptId, number }, _args, { loaders }) =>
        loaders.promptVersionOf.load({ promptId, number }),
    }),
    isProtected: t.boolean({
      description: 'It moves only when two agree.',
      resolve: ({ name }, _args, { loaders }) => loaders.isProtectedLabel.load(name),
    }),
  }),
});

const PromptVersionConnection = connectionOf('PromptVersion', PromptVersion);

export const Prompt = builder.objectRef<LabelledPrompt>('Prompt');
builder.node(Prompt, {
  description: 'What is asked of models, apart from the code that asks.',
  id: { resolve: ({ id }) => id },
  loadManyWithoutCache: (ids, { loaders }) => Promise.all(ids.map((id) => loaders.prompt.load(id))),
  fields: (t) => ({
    slug: t.exposeString('slug'),
    folder: t.exposeString('folder', { description: 'Empty: none.' }),
    description: t.string({ nullable: true, resolve: ({ description }) => description }),
    labels: t.field({
      type: [PromptLabel],
      description: 'By name.',
      resolve: ({ id, labels }) =>
        [...labels]
          .toSorted(([one], [other]) => (one < other ? -1 : 1))
          .map(([name, number]) => ({ name, promptId: id, number })),
    }),
    versions: t.field({
      type: PromptVersionConnection,
      description: 'The last one first.',
      args: { ...pageArgs(t.arg) },
      complexity: pageComplexity,
      resolve: ({ id, version }, args, { loaders }) =>
        readPage(args, {
          read: (page) => loaders.versionsOfPrompt(page).load(id),
          cursorOf: ({ number }) => String(number),
          isCursor: (text) => /^\d{1,9}$/.test(text),
          count: () => version,
        }),
    }),
    version: t.field({
      type: PromptVersion,
      nullable: true,
      description: 'That of a number, or of a label; the newest, unless one is given.',
      args: { number: t.arg.int(), label: t.arg.string() },
      resolve: (prompt, { number, label }, { loaders }) => {
        const wanted = number ?? (label == null ? prompt.version : prompt.labels.get(label));
        return wanted === undefined
          ? null
          : loaders.promptVersionOf.load({ promptId: prompt.id, number: wanted });
      },
    }),
    createdAt: t.field({ type: 'DateTime', resolve: ({ createdAt }) => createdAt }),
    archivedAt: t.field({ type: 'DateTime', nullable: true, resolve: ({ archivedAt }) => archivedAt }),
  }),
});

builder.objectField(PromptVersion, 'prompt', (t) =>
  t.field({
    type: Prompt,
    nullable: true,
    resolve: ({ promptId }, _args, { loaders }) => loaders.prompt.load(promptId),
  }),
);

builder.objectField(Completion, 'promptVersion', (t) =>
  t.field({
    type: PromptVersion,
    nullable: true,
    description: 'What wrote its messages; null: its caller.',
    resolve: ({ promptUse }, _args, { loaders }) =>
      promptUse ? loaders.promptVersion.load(promptUse.versionId) : null,
  }),
);

builder.queryField('prompt', (t) =>
  t.field({
    type: Prompt,
    nullable: true,
    description: 'One that is not archived.',
    args: { slug: t.arg.string({ required: true }) },
    resolve: async (_root, { slug }, { gateway, who }) =>
      (await gateway.prompts.book.list(who.organisationId)).get(slug),
  }),
);
