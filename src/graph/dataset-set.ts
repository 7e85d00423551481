import type { WantedCase } from '../evaluations/cases.ts';
import { addCases, deleteDataset, setDataset } from '../evaluations/datasets.ts';
import type { StoredDataset } from '../evaluations/rows.ts';
import { DeletePayload } from './budget-set.ts';
import { builder } from './builder.ts';
import { Dataset } from './dataset.ts';
import { payload, UserError, type Payload } from './errors.ts';
import { originOf } from './route-set.ts';

const DatasetCaseInput = builder.inputType('DatasetCaseInput', {
  fields: (t) => ({
    name: t.string({ description: 'Unique in the dataset.' }),
    variables: t.field({
      type: 'JSON',
      required: true,
      description:
        'An object with a value for each variable of the prompt. Whether they are its own is seen when it runs.',
    }),
    expected: t.field({ type: 'JSON', description: 'Text or any JSON; null: nothing is.' }),
  }),
});

const DatasetSetInput = builder.inputType('DatasetSetInput', {
  fields: (t) => ({
    name: t.string({ required: true, description: '`support-tickets`' }),
    description: t.string({ description: 'As it was, unless given.' }),
    cases: t.field({
      type: [DatasetCaseInput],
      required: true,
      description: 'All that its next version has: at most 10,000, of 64 KB each and 16 MB together.',
    }),
  }),
});

const DatasetCasesAddInput = builder.inputType('DatasetCasesAddInput', {
  fields: (t) => ({
    name: t.string({ required: true, description: 'Of the dataset.' }),
    cases: t.field({ type: [DatasetCaseInput], required: true }),
  }),
});

const DatasetPayload = builder.objectRef<Payload<{ dataset: StoredDataset }>>('DatasetPayload').implement({
  fields: (t) => ({
    dataset: t.field({ type: Dataset, nullable: true, resolve: ({ dataset }) => dataset }),
    errors: t.field({ type: [UserError], resolve: ({ errors }) => errors }),
  }),
});

builder.mutationFields((t) => ({
  datasetSet: t.field({
    type: DatasetPayload,
    description: `Makes a dataset, or gives one that there is exactly these cases. Those that it has already stay the same cases, so that
evaluations before and after can be compared; where nothing changes there is no new version.`,
    args: { input: t.arg({ type: DatasetSetInput, required: true }) },
    resolve: (_root, { input: { name, description, cases } }, context) =>
      payload(async () => {
        const wanted = { name, description: description ?? undefined, cases: cases.map(toWanted) };
        const { sql } = context.gateway.database;
        return { dataset: await setDataset(sql, context.who, wanted, originOf(context)) };
      }),
  }),
  datasetCasesAdd: t.field({
    type: DatasetPayload,
    description:
      'Adds cases to those that a dataset has, for uploads of more than one request holds. Makes a version.',
    args: { input: t.arg({ type: DatasetCasesAddInput, required: true }) },
    resolve: (_root, { input: { name, cases } }, context) =>
      payload(async () => {
        const wanted = { name, cases: cases.map(toWanted) };
        const { sql } = context.gateway.database;
        return { dataset: await addCases(sql, context.who, wanted, originOf(context)) };
      }),
  }),
  datasetDelete: t.field({
    type: DeletePayload,
    description: 'Forgets a dataset with all that its cases say. What evaluations of it have come to stays.',
    args: { name: t.arg.string({ required: true }) },
    resolve: (_root, { name }, context) =>
      payload(async () => {
        const { sql } = context.gateway.database;
        return { deletedId: await deleteDataset(sql, context.who, name, originOf(context)) };
      }),
  }),
}));

/** A null inside of a value says something; one in its place says that there is none. */
function toWanted({ name, variables, expected }: typeof DatasetCaseInput.$inferInput): WantedCase {
  return { name: name ?? undefined, variables, expected: expected ?? undefined };
}
