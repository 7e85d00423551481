import type { PromptPartial as PartialRow, PromptPartialVersion as VersionRow } from '../domain/prompt.ts';
import { countPartials, readPartials, type PartialUse as UseRow } from '../prompts/partial-rows.ts';
import { setPartial } from '../prompts/create.ts';
import { builder } from './builder.ts';
import { connectionOf, pageArgs, pageComplexity, readPage } from './connection.ts';
import { payload, UserError, type Payload } from './errors.ts';
import { withoutNull } from './inputs.ts';
import { PromptVersion } from './prompt.ts';
import { originOf } from './route-set.ts';

const PromptPartialVersion = builder.objectRef<VersionRow>('PromptPartialVersion').implement({
  description: 'What a partial said from a moment on. No version ever changes.',
  fields: (t) => ({
    number: t.exposeInt('number', { description: 'From 1 on.' }),
    template: t.exposeString('template', { description: 'In Liquid.' }),
    note: t.string({ nullable: true, resolve: ({ note }) => note }),
    createdAt: t.field({ type: 'DateTime', resolve: ({ createdAt }) => createdAt }),
    createdBy: t.node({
      description: 'The key or user; null where the viewer may not see it.',
      id: ({ createdBy }) => createdBy,
    }),
  }),
});

const PromptPartialUse = builder.objectRef<UseRow>('PromptPartialUse').implement({
  description: 'A version of a prompt with a copy of a partial.',
  fields: (t) => ({
    promptVersion: t.field({
      type: PromptVersion,
      nullable: true,
      resolve: ({ promptId, number }, _args, { loaders }) =>
        loaders.promptVersionOf.load({ promptId, number }),
    }),
    partialVersion: t.exposeInt('partialVersion', {
      description: 'Of which version of the partial the copy is.',
    }),
    isOutdated: t.exposeBoolean('isOutdated', {
      description: 'The partial has a newer version; the next version of the prompt takes it.',
    }),
  }),
});

const PromptPartialVersionConnection = connectionOf('PromptPartialVersion', PromptPartialVersion);

const PromptPartial = builder.objectRef<PartialRow>('PromptPartial');
builder.node(PromptPartial, {
  description:
    "A template that prompts share, by `{% render 'name' %}`. Each version of a prompt keeps the copy that it was made with.",
  id: { resolve: ({ id }) => id },
  loadManyWithoutCache: (ids, { loaders }) => Promise.all(ids.map((id) => loaders.partial.load(id))),
  fields: (t) => ({
    name: t.exposeString('name'),
    version: t.exposeInt('version', { description: 'The number of the newest.' }),
    versions: t.field({
      type: PromptPartialVersionConnection,
      description: 'The last one first.',
      args: { ...pageArgs(t.arg) },
      complexity: pageComplexity,
      resolve: ({ id, version }, args, { loaders }) =>
        readPage(args, {
          read: (page) => loaders.versionsOfPartial(page).load(id),
          cursorOf: ({ number }) => String(number),
          isCursor: (text) => /^\d{1,9}$/.test(text),
          count: () => version,
        }),
    }),
    usedBy: t.field({
      type: [PromptPartialUse],
      description:
        'Newest versions of prompts, and those that labels stand for, with a copy of it; also through other partials. At most 1000.',
      complexity: 20,
      resolve: ({ id }, _args, { loaders }) => loaders.usesOfPartial.load(id),
    }),
    createdAt: t.field({ type: 'DateTime', resolve: ({ createdAt }) => createdAt }),
  }),
});

const PromptPartialConnection = connectionOf('PromptPartial', PromptPartial);

export const PromptPartialSetInput = builder.inputType('PromptPartialSetInput', {
  fields: (t) => ({
    name: t.string({ required: true, description: '`tone`' }),
    template: t.string({ required: true, description: 'In Liquid.' }),
    note: t.string({ description: 'Why there is this version.' }),
  }),
});

const PromptPartialPayload = builder
  .objectRef<Payload<{ partial: PartialRow | undefined }>>('PromptPartialPayload')
  .implement({
    fields: (t) => ({
      partial: t.field({ type: PromptPartial, nullable: true, resolve: ({ partial }) => partial }),
      errors: t.field({ type: [UserError], resolve: ({ errors }) => errors }),
    }),
  });

builder.queryField('promptPartials', (t) =>
  t.field({
    type: PromptPartialConnection,
    description: 'Those of the organisation, by name.',
    args: { ...pageArgs(t.arg) },
    complexity: pageComplexity,
    resolve: (_root, args, { gateway, who: { organisationId } }) => {
      const { sql } = gateway.prompts;
      return readPage(args, {
        read: (page) => readPartials(sql, organisationId, page),
        cursorOf: ({ name }) => name,
        isCursor: (text) => text !== '',
        count: () => countPartials(sql, organisationId),
      });
    },
  }),
);

builder.mutationField('promptPartialSet', (t) =>
  t.field({
    type: PromptPartialPayload,
    description: `Makes a partial, or the next version of it; the same template again makes none. What prompts say stays as it is: the
next version of each takes the new text.`,
    args: { input: t.arg({ type: PromptPartialSetInput, required: true }) },
    resolve: (_root, { input }, context) =>
      payload(async () => {
        const { prompts } = context.gateway;
        const { name, template, note } = withoutNull(input);
        await setPartial(prompts, context.who, { name, template, note }, originOf(context));
        const [partial] = await readPartials(prompts.sql, context.who.organisationId, { names: [name] });
        return { partial };
      }),
  }),
);
