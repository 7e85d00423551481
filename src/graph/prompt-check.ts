import { PRODUCTION } from '../domain/prompt.ts';
import { findPromptVersion, readPrompts } from '../prompts/rows.ts';
import { builder } from './builder.ts';
import { toUserErrors, UserError, type UserErrorData } from './errors.ts';
import type { NoticedChange } from './prompt-fields/publish-check.ts';
import { CHANGE_KINDS } from './prompt-fields/schema-changes.ts';
import { openPublishCheck } from './prompt-publish.ts';
import { Prompt } from './prompt.ts';

const SchemaChangeKind = builder.enumType('SchemaChangeKind', {
  description: 'DANGEROUS: clients go on compiling, and may see what they did not expect.',
  values: CHANGE_KINDS,
});

export const PromptSchemaChange = builder.objectRef<NoticedChange>('PromptSchemaChange').implement({
  description: 'What is another in the graph once a version is published.',
  fields: (t) => ({
    kind: t.field({ type: SchemaChangeKind, resolve: ({ kind }) => kind }),
    message: t.exposeString('message'),
    path: t.exposeString('path', {
      description: '`SummarizeTicketResult.urgency`, `Ai.summarizeTicket(ticket:)`.',
    }),
    operations: t.exposeStringList('operations', {
      description: 'Names of the registered operations that use it.',
    }),
  }),
});

const PromptCheck = builder
  .objectRef<{ changes: NoticedChange[]; errors: UserErrorData[] }>('PromptCheck')
  .implement({
    fields: (t) => ({
      changes: t.field({
        type: [PromptSchemaChange],
        description: 'Those that break something first.',
        resolve: ({ changes }) => changes,
      }),
      errors: t.field({
        type: [UserError],
        description: 'Why it would be refused; none: it would not.',
        resolve: ({ errors }) => errors,
      }),
    }),
  });

builder.queryField('promptCheck', (t) =>
  t.field({
    type: PromptCheck,
    nullable: true,
    description:
      'What `promptLabelSet` would do to the graph, without doing it. Null where there is no such prompt or version.',
    args: {
      slug: t.arg.string({ required: true }),
      version: t.arg.int({ required: true }),
      label: t.arg.string({ defaultValue: PRODUCTION }),
    },
    resolve: async (_root, { slug, version: number, ...args }, context) => {
      const label = args.label ?? PRODUCTION;
      const { sql } = context.gateway.prompts;
      const { organisationId } = context.who;
      const [prompt] = await readPrompts(sql, organisationId, { slug });
      const version =
        prompt && (await findPromptVersion(sql, organisationId, { promptId: prompt.id, number }));
      if (!prompt || !version) return null;
      const check = await openPublishCheck(context);
      const { changes, refusal } = await check(sql, { prompt, label, version }, { force: false });
      return { changes, errors: refusal ? toUserErrors(refusal) : [] };
    },
  }),
);

builder.objectField(Prompt, 'fieldFault', (t) =>
  t.string({
    nullable: true,
    description: 'Why it has no field in the graph although it is published; null: for nothing.',
    resolve: async ({ organisationId, slug }, _args, { graphs }) =>
      (await graphs.find(organisationId)).faults.get(slug),
  }),
);
