import { diffSpecs, PROMPT_CHANGE_KINDS, type PromptChange as ChangeRow } from '../prompts/diff.ts';
import { builder } from './builder.ts';

const PromptChangeKind = builder.enumType('PromptChangeKind', { values: PROMPT_CHANGE_KINDS });

export const PromptChange = builder.objectRef<ChangeRow>('PromptChange').implement({
  description: 'One difference between two versions of a prompt.',
  fields: (t) => ({
    kind: t.field({ type: PromptChangeKind, resolve: ({ kind }) => kind }),
    path: t.exposeStringList('path', {
      description: `Where, by the names of \`PromptVersionInput\`: ["model"], ["variables", "ticket", "required"] by name,
["messages", "0", "template"] by the place in the later version; of a message that is gone, in the earlier one.`,
    }),
    before: t.field({
      type: 'JSON',
      nullable: true,
      description: 'Null where nothing was said.',
      resolve: ({ before }) => before,
    }),
    after: t.field({ type: 'JSON', nullable: true, resolve: ({ after }) => after }),
  }),
});

builder.queryField('promptDiff', (t) =>
  t.field({
    type: [PromptChange],
    nullable: true,
    description:
      'What a prompt says differently in one version than in another. Null where there is no such version.',
    args: {
      slug: t.arg.string({ required: true }),
      from: t.arg.int({ required: true }),
      to: t.arg.int({ required: true }),
    },
    resolve: async (_root, { slug, from, to }, { gateway, who, loaders }) => {
      const prompt = (await gateway.prompts.book.list(who.organisationId)).get(slug);
      if (!prompt) return null;
      const [before, after] = await Promise.all(
        [from, to].map((number) => loaders.promptVersionOf.load({ promptId: prompt.id, number })),
      );
      return before && after ? diffSpecs(before.spec, after.spec) : null;
    },
  }),
);
