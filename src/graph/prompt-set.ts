import type { PromptVersion as VersionRow } from '../domain/prompt.ts';
import { archivePrompt, restorePrompt, updatePrompt } from '../prompts/change.ts';
import { createPrompt, createVersion } from '../prompts/create.ts';
import { findPromptVersions, readPrompts, type LabelledPrompt } from '../prompts/rows.ts';
import { builder } from './builder.ts';
import type { GraphContext } from './context.ts';
import { payload, UserError, type Payload } from './errors.ts';
import { withoutNull } from './inputs.ts';
import { ensureForeign } from './prompt-entity.ts';
import { PromptVersionInput, toWanted } from './prompt-input.ts';
import { checking, FORCE } from './prompt-publish.ts';
import { Prompt, PromptVersion } from './prompt.ts';
import { originOf } from './route-set.ts';

export const PromptCreateInput = builder.inputType('PromptCreateInput', {
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

const PromptUpdateInput = builder.inputType('PromptUpdateInput', {
  fields: (t) => ({
    slug: t.string({ required: true }),
    folder: t.string({ description: 'It stays, unless given; empty: none.' }),
    description: t.string({ description: 'It stays, unless given; empty: none.' }),
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
        ensureForeign(context.graphs.statics.schema, version.entity);
        const wanted = { slug, place: { folder, description }, ...toWanted(version) };
        await createPrompt(context.gateway.prompts, context.who, wanted, originOf(context));
        return foundPrompt(context, slug);
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
        ensureForeign(context.graphs.statics.schema, version.entity);
        const wanted = { slug, ...toWanted(version) };
        const id = await createVersion(prompts, context.who, wanted, originOf(context));
        const [promptVersion] = await findPromptVersions(prompts.sql, context.who.organisationId, [id]);
        return { promptVersion };
      }),
  }),
  promptUpdate: t.field({
    type: PromptPayload,
    description: 'Moves a prompt to another folder, or describes it anew. Its slug is for good.',
    args: { input: t.arg({ type: PromptUpdateInput, required: true }) },
    resolve: (_root, { input }, context) =>
      payload(async () => {
        const { slug, folder, description } = withoutNull(input);
        const update = { slug, folder, description };
        await updatePrompt(context.gateway.prompts, context.who, update, originOf(context));
        return foundPrompt(context, slug);
      }),
  }),
  promptArchive: t.field({
    type: PromptPayload,
    description: `Lets a prompt answer no more and be shown no more, but where it is asked for by \`archived\`. What it has said stays,
and so does its slug. Twice is no error.`,
    args: { slug: t.arg.string({ required: true }), force: t.arg.boolean(FORCE) },
    resolve: (_root, { slug, force }, context) =>
      payload(async () => {
        const { store } = await checking(context, force);
        await archivePrompt(store, context.who, slug, originOf(context));
        return foundPrompt(context, slug);
      }),
  }),
  promptRestore: t.field({
    type: PromptPayload,
    description:
      'Brings an archived prompt back with its labels, but for protected ones, which are to be agreed on again.',
    args: { slug: t.arg.string({ required: true }) },
    resolve: (_root, { slug }, context) =>
      payload(async () => {
        await restorePrompt(context.gateway.prompts, context.who, slug, originOf(context));
        return foundPrompt(context, slug);
      }),
  }),
}));

export async function foundPrompt(
  { gateway, who }: GraphContext,
  slug: string,
): Promise<{ prompt: LabelledPrompt | undefined }> {
  const [prompt] = await readPrompts(gateway.prompts.sql, who.organisationId, { slug });
  return { prompt };
}
