import type { PromptVersion as VersionRow } from '../domain/prompt.ts';
import { createPrompt, createVersion } from '../prompts/create.ts';
import { setLabel } from '../prompts/labels.ts';
import { findPromptVersions, readPrompts, type LabelledPrompt } from '../prompts/rows.ts';
import type { WantedSpec } from '../prompts/spec.ts';
import { builder } from './builder.ts';
import { ModelParams, ToolInput } from './completion-input.ts';
import type { GraphContext } from './context.ts';
import { payload, UserError, type Payload } from './errors.ts';
import { withoutNull, type WithoutNull } from './inputs.ts';
import { PromptSchemaChange } from './prompt-check.ts';
import type { NoticedChange } from './prompt-fields/publish-check.ts';
import { checking, openPublishCheck } from './prompt-publish.ts';
import { Prompt, PromptRole, PromptVersion, VariableType } from './prompt.ts';
import { originOf } from './route-set.ts';

const PromptMessageInput = builder.inputType('PromptMessageInput', {
  fields: (t) => ({
    role: t.field({ type: PromptRole, required: true }),
    template: t.string({ required: true, description: 'In Liquid: `Summarise {{ text }}`.' }),
  }),
});

const PromptVariableInput = builder.inputType('PromptVariableInput', {
  fields: (t) => ({
    name: t.string({ required: true }),
    type: t.field({ type: VariableType, required: true }),
    schema: t.field({ type: 'JSON', description: 'JSON Schema of a LIST or an OBJECT.' }),
    description: t.string(),
    required: t.boolean({ defaultValue: true, description: 'What has a default need never be given.' }),
    default: t.field({ type: 'JSON' }),
    example: t.field({ type: 'JSON' }),
    neverLog: t.boolean({ defaultValue: false, description: 'Its value is kept nowhere.' }),
  }),
});

const PromptVersionInput = builder.inputType('PromptVersionInput', {
  fields: (t) => ({
    messages: t.field({ type: [PromptMessageInput], required: true }),
    variables: t.field({
      type: [PromptVariableInput],
      description: 'What the templates name beside these is declared by how they use it.',
    }),
    model: t.string({ description: '`provider/model`, an alias, or a route.' }),
    params: t.field({ type: ModelParams }),
    tools: t.field({ type: [ToolInput] }),
    outputSchema: t.field({ type: 'JSON', description: 'JSON Schema that the answer must meet.' }),
    cacheSeconds: t.int({
      description: 'How long an answer may be given again to the same caller for the same variables.',
    }),
    note: t.string({ description: 'Why there is this version.' }),
  }),
});

const PromptCreateInput = builder.inputType('PromptCreateInput', {
  fields: (t) => ({
    slug: t.string({ required: true, description: '`summarize-ticket`; gives the field `summarizeTicket`.' }),
    folder: t.string({ defaultValue: '', description: '`support/tickets`' }),
    description: t.string(),
    version: t.field({ type: PromptVersionInput, required: true }),
  }),
});

const PromptVersionCreateInput = builder.inputType('PromptVersionCreateInput', {
  fields: (t) => ({
    slug: t.string({ required: true }),
    version: t.field({ type: PromptVersionInput, required: true }),
  }),
});

const PromptLabelSetInput = builder.inputType('PromptLabelSetInput', {
  fields: (t) => ({
    slug: t.string({ required: true }),
    label: t.string({ required: true, description: '`production` is what is published.' }),
    version: t.int({ required: true }),
    force: t.boolean({
      defaultValue: false,
      description: 'Publishes also what breaks registered operations.',
    }),
  }),
});

const PromptLabelPayload = builder
  .objectRef<Payload<{ prompt: LabelledPrompt | undefined }> & { changes: NoticedChange[] }>(
    'PromptLabelPayload',
  )
  .implement({
    fields: (t) => ({
      prompt: t.field({ type: Prompt, nullable: true, resolve: ({ prompt }) => prompt }),
      changes: t.field({
        type: [PromptSchemaChange],
        description: 'What it does to the graph, or would have done where it is refused.',
        resolve: ({ changes }) => changes,
      }),
      errors: t.field({ type: [UserError], resolve: ({ errors }) => errors }),
    }),
  });

export const PromptPayload = builder
  .objectRef<Payload<{ prompt: LabelledPrompt | undefined }>>('PromptPayload')
  .implement({
    fields: (t) => ({
      prompt: t.field({ type: Prompt, nullable: true, resolve: ({ prompt }) => prompt }),
      errors: t.field({ type: [UserError], resolve: ({ errors }) => errors }),
    }),
  });

const PromptVersionPayload = builder
  .objectRef<Payload<{ promptVersion: VersionRow | undefined }>>('PromptVersionPayload')
  .implement({
    fields: (t) => ({
      promptVersion: t.field({
        type: PromptVersion,
        nullable: true,
        resolve: ({ promptVersion }) => promptVersion,
      }),
      errors: t.field({ type: [UserError], resolve: ({ errors }) => errors }),
    }),
  });

builder.mutationFields((t) => ({
  promptCreate: t.field({
    type: PromptPayload,
    description: 'Makes a prompt with its first version. It is published by `promptLabelSet`.',
    args: { input: t.arg({ type: PromptCreateInput, required: true }) },
    resolve: (_root, { input }, context) =>
      payload(async () => {
        const { slug, folder = '', description, version } = withoutNull(input);
        const wanted = { slug, folder, description, ...toWanted(version) };
        await createPrompt(context.gateway.prompts, context.who, wanted, originOf(context));
        return found(context, slug);
      }),
  }),
  promptVersionCreate: t.field({
    type: PromptVersionPayload,
    description: 'Makes the next version of a prompt. Labels stay where they are.',
    args: { input: t.arg({ type: PromptVersionCreateInput, required: true }) },
    resolve: (_root, { input }, context) =>
      payload(async () => {
        const { slug, version } = withoutNull(input);
        const { prompts } = context.gateway;
        const wanted = { slug, ...toWanted(version) };
        const id = await createVersion(prompts, context.who, wanted, originOf(context));
        const [promptVersion] = await findPromptVersions(prompts.sql, context.who.organisationId, [id]);
        return { promptVersion };
      }),
  }),
  promptLabelSet: t.field({
    type: PromptLabelPayload,
    description: `Lets a label stand for a version: publishing and rolling back alike. Completions that have begun keep the version
they began with. Under \`production\` it is refused for what cannot be a field of the graph, and for what breaks a registered
operation.`,
    args: { input: t.arg({ type: PromptLabelSetInput, required: true }) },
    resolve: async (_root, { input: { force, ...wanted } }, context) => {
      const check = await openPublishCheck(context, wanted.label);
      const { store, changes } = checking(context.gateway.prompts, check, force ?? false);
      const done = await payload(async () => {
        await setLabel(store, context.who, wanted, originOf(context));
        return found(context, wanted.slug);
      });
      return { ...done, changes: changes() };
    },
  }),
}));

function toWanted({ note, ...version }: WithoutNull<typeof PromptVersionInput.$inferInput>): {
  version: WantedSpec;
  note: string | undefined;
} {
  const { messages, variables = [], tools = [], params = {}, cacheSeconds, ...rest } = version;
  return {
    version: {
      model: rest.model,
      outputSchema: rest.outputSchema as WantedSpec['outputSchema'],
      messages,
      variables: variables.map(toVariable),
      params: params as WantedSpec['params'],
      tools: tools as WantedSpec['tools'],
      cache: cacheSeconds === undefined ? undefined : { maxAgeSeconds: cacheSeconds },
      entity: undefined,
    },
    note,
  };
}

function toVariable(
  variable: WithoutNull<typeof PromptVariableInput.$inferInput>,
): WantedSpec['variables'][number] {
  const { required = true, neverLog = false, schema, description, example, ...rest } = variable;
  return {
    ...rest,
    schema: schema as WantedSpec['outputSchema'],
    description,
    required: required && rest.default === undefined,
    default: rest.default,
    example,
    neverLog,
  };
}

async function found(
  { gateway, who }: GraphContext,
  slug: string,
): Promise<{ prompt: LabelledPrompt | undefined }> {
  const [prompt] = await readPrompts(gateway.prompts.sql, who.organisationId, { slug });
  return { prompt };
}
