import { countPrompts, listPrompts, toFolders, type PromptFolder as FolderRow } from '../prompts/search.ts';
import { builder } from './builder.ts';
import { connectionOf, pageArgs, pageComplexity, readPage } from './connection.ts';
import { StringFilter, withoutNull } from './inputs.ts';
import { Prompt } from './prompt.ts';

const PromptFilter = builder.inputType('PromptFilter', {
  description: 'Every given member must hold.',
  fields: (t) => ({
    slug: t.field({ type: StringFilter }),
    folder: t.string({ description: 'With the folders inside of it.' }),
    label: t.string({ description: 'It has this label.' }),
    text: t.string({
      description:
        'Stands in the slug, in the description, or in a template of the newest version or of one with a label, whatever the case.',
    }),
    archived: t.boolean({ defaultValue: false, description: 'Those that are archived, and no others.' }),
  }),
});

const PromptConnection = connectionOf('Prompt', Prompt);

const PromptFolder = builder.objectRef<FolderRow>('PromptFolder').implement({
  fields: (t) => ({
    path: t.exposeString('path', { description: '`support/tickets`' }),
    prompts: t.exposeInt('prompts', { description: 'How many stand in it and in the folders inside of it.' }),
  }),
});

builder.queryFields((t) => ({
  prompts: t.field({
    type: PromptConnection,
    description: 'Those of the organisation, by slug.',
    args: { ...pageArgs(t.arg), filter: t.arg({ type: PromptFilter }) },
    complexity: pageComplexity,
    resolve: (_root, args, { gateway, who }) => {
      const { sql } = gateway.prompts;
      const filter = withoutNull(args.filter) ?? {};
      return readPage(args, {
        read: (page) => listPrompts(sql, who.organisationId, filter, page),
        cursorOf: ({ slug }) => slug,
        isCursor: (text) => text !== '',
        count: () => countPrompts(sql, who.organisationId, filter),
      });
    },
  }),
  promptFolders: t.field({
    type: [PromptFolder],
    description: 'Folders that hold prompts, or folders with prompts, by path.',
    resolve: async (_root, _args, { gateway, who }) =>
      toFolders((await gateway.prompts.book.list(who.organisationId)).values()),
  }),
}));
