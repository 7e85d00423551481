import { CASE_SOURCES, type DatasetCase as CaseRow } from '../domain/evaluation.ts';
import { countCases, countDatasets, readDatasets, type StoredDataset } from '../evaluations/rows.ts';
import { isId } from '../lib/ids.ts';
import { builder } from './builder.ts';
import { Completion } from './completion.ts';
import { connectionOf, pageArgs, pageComplexity, readPage } from './connection.ts';

const CaseSource = builder.enumType('CaseSource', {
  description:
    'RECORDED: from a completion that somebody asked for; what looked like personal data or secrets was redacted.',
  values: CASE_SOURCES,
});

export const DatasetCase = builder.objectRef<CaseRow>('DatasetCase');
builder.node(DatasetCase, {
  description: 'What one run of a prompt is given, and what is wanted of it.',
  id: { resolve: ({ id }) => id },
  loadManyWithoutCache: (ids, { loaders }) => Promise.all(ids.map((id) => loaders.datasetCase.load(id))),
  fields: (t) => ({
    name: t.string({ nullable: true, resolve: ({ name }) => name }),
    variables: t.field({ type: 'JSON', resolve: ({ variables }) => variables }),
    expected: t.field({
      type: 'JSON',
      nullable: true,
      description: 'Text or any JSON; null: nothing is.',
      resolve: ({ expected }) => expected,
    }),
    source: t.field({ type: CaseSource, resolve: ({ source }) => source }),
    completion: t.field({
      type: Completion,
      nullable: true,
      description: 'What it was recorded from; null where that is nothing, or the viewer may not see it.',
      resolve: ({ completionId }, _args, { loaders }) =>
        completionId === undefined ? null : loaders.completion.load(completionId),
    }),
    missing: t.exposeStringList('missing', {
      description:
        'Variables that were kept nowhere when it was recorded. While there are any it cannot be run.',
    }),
  }),
});

const DatasetCaseConnection = connectionOf('DatasetCase', DatasetCase);

export const Dataset = builder.objectRef<StoredDataset>('Dataset');
builder.node(Dataset, {
  description: 'Cases to try prompts on. Each change makes a version of it, which never changes.',
  id: { resolve: ({ id }) => id },
  loadManyWithoutCache: (ids, { loaders }) => Promise.all(ids.map((id) => loaders.dataset.load(id))),
  fields: (t) => ({
    name: t.exposeString('name'),
    description: t.string({ nullable: true, resolve: ({ description }) => description }),
    version: t.exposeInt('version', { description: 'The newest, from 1 on.' }),
    caseCount: t.exposeInt('caseCount', { description: 'Of the newest version.' }),
    cases: t.field({
      type: DatasetCaseConnection,
      description: `The oldest first. A case that does not change is the same from version to version. Of old versions that no evaluation
is of only the last ten are kept.`,
      args: { version: t.arg.int({ description: 'The newest, unless given.' }), ...pageArgs(t.arg) },
      complexity: pageComplexity,
      resolve: (dataset, { version, ...args }, { gateway, who, loaders }) => {
        const of = { datasetId: dataset.id, version: version ?? dataset.version };
        return readPage(args, {
          read: (page) => loaders.casesOfDataset(page).load(of),
          cursorOf: ({ id }) => id,
          isCursor: (text) => isId('case', text),
          count: () => countCases(gateway.database.sql, who.organisationId, of),
        });
      },
    }),
    createdAt: t.field({ type: 'DateTime', resolve: ({ createdAt }) => createdAt }),
    changedAt: t.field({
      type: 'DateTime',
      description: 'When the newest version was made.',
      resolve: ({ changedAt }) => changedAt,
    }),
  }),
});

const DatasetConnection = connectionOf('Dataset', Dataset);

builder.queryFields((t) => ({
  datasets: t.field({
    type: DatasetConnection,
    description: 'Those of the organisation, by name.',
    args: { ...pageArgs(t.arg) },
    complexity: pageComplexity,
    resolve: (_root, args, { gateway, who }) =>
      readPage(args, {
        read: (page) => readDatasets(gateway.database.sql, who.organisationId, page),
        cursorOf: ({ name }) => name,
        isCursor: (text) => text !== '',
        count: () => countDatasets(gateway.database.sql, who.organisationId),
      }),
  }),
  dataset: t.field({
    type: Dataset,
    nullable: true,
    args: { name: t.arg.string({ required: true }) },
    resolve: async (_root, { name }, { gateway, who }) =>
      (await readDatasets(gateway.database.sql, who.organisationId, { name }))[0],
  }),
}));
