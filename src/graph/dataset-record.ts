import { RECORD_DEFAULTS, RECORD_MAX, recordCases } from '../evaluations/record.ts';
import type { StoredDataset } from '../evaluations/rows.ts';
import { builder } from './builder.ts';
import { Dataset } from './dataset.ts';
import { payload, UserError, type Payload } from './errors.ts';
import { DateTimeRange } from './inputs.ts';
import { originOf } from './route-set.ts';

const RecordedStatus = builder.enumType('RecordedStatus', {
  description: 'How a completion ended.',
  values: ['SUCCEEDED', 'FAILED', 'CANCELLED', 'INTERRUPTED'] as const,
});

const DatasetRecordInput = builder.inputType('DatasetRecordInput', {
  fields: (t) => ({
    name: t.string({ required: true, description: 'Of the dataset; it is made where there is none.' }),
    prompt: t.string({ required: true, description: 'Its slug.' }),
    range: t.field({
      type: DateTimeRange,
      required: true,
      description: 'By the creation of the completion.',
    }),
    status: t.field({ type: RecordedStatus, defaultValue: 'SUCCEEDED' }),
    minRating: t.float({
      description:
        'The least mean of what people gave it, from 0 to 1. One that nobody has rated is left out then.',
    }),
    limit: t.int({
      defaultValue: RECORD_DEFAULTS.limit,
      description: `How many, the last ones first; at most ${RECORD_MAX}.`,
    }),
    expectAnswers: t.boolean({
      defaultValue: RECORD_DEFAULTS.expectAnswers,
      description: 'What was answered is what is expected.',
    }),
    placeholders: t.field({
      type: 'JSON',
      description: `By variable: what stands in the place of values that are kept nowhere. A case without one for each of them cannot be
run.`,
    }),
  }),
});

const DatasetRecordPayload = builder
  .objectRef<Payload<{ dataset: StoredDataset; added: number }>>('DatasetRecordPayload')
  .implement({
    fields: (t) => ({
      dataset: t.field({ type: Dataset, nullable: true, resolve: ({ dataset }) => dataset }),
      added: t.int({
        nullable: true,
        description: 'How many cases there are more.',
        resolve: ({ added }) => added,
      }),
      errors: t.field({ type: [UserError], resolve: ({ errors }) => errors }),
    }),
  });

builder.mutationField('datasetRecord', (t) =>
  t.field({
    type: DatasetRecordPayload,
    description: `Adds cases that are made of what a prompt was given, for those completions that the viewer may see. The organisation has to
have agreed to that before they were asked for: \`recordPromptsDays\`. What looks like a secret, an e-mail address or the number of a
card is redacted, in answers too; names and the like are not. Completions that the dataset has a case of are left out.`,
    args: { input: t.arg({ type: DatasetRecordInput, required: true }) },
    resolve: (_root, { input }, context) =>
      payload(async () => {
        const { db, sql } = context.gateway.database;
        const store = { db, sql, book: context.gateway.prompts.book };
        return recordCases(store, context.who, toWanted(input), originOf(context));
      }),
  }),
);

function toWanted(input: typeof DatasetRecordInput.$inferInput) {
  const { name, prompt, range, status, minRating, limit, expectAnswers, placeholders } = input;
  return {
    name,
    prompt,
    from: range.from,
    to: range.to ?? undefined,
    status: status ?? 'SUCCEEDED',
    minRating: minRating ?? undefined,
    limit: limit ?? RECORD_DEFAULTS.limit,
    expectAnswers: expectAnswers ?? RECORD_DEFAULTS.expectAnswers,
    placeholders: placeholders ?? undefined,
  };
}
