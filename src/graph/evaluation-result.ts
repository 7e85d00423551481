import type { EvaluationResult as ResultRow } from '../domain/evaluation.ts';
import { countResults, readResults, readVerdicts } from '../evaluations/evaluation-rows.ts';
import { summarise } from '../evaluations/summary.ts';
import { isId } from '../lib/ids.ts';
import { builder } from './builder.ts';
import { Completion } from './completion.ts';
import { connectionOf, pageArgs, pageComplexity, readPage } from './connection.ts';
import { DatasetCase } from './dataset.ts';
import { EvaluationSummary } from './evaluation-summary.ts';
import { Evaluation } from './evaluation.ts';
import { Graded } from './grader.ts';
import { Money } from './money.ts';

export const EvaluationResult = builder.objectRef<ResultRow>('EvaluationResult').implement({
  description: 'What came of one case.',
  fields: (t) => ({
    caseId: t.id({ resolve: ({ caseId }) => caseId }),
    case: t.field({
      type: DatasetCase,
      nullable: true,
      description: 'Null where its dataset is gone.',
      resolve: ({ caseId }, _args, { loaders }) => loaders.datasetCase.load(caseId),
    }),
    text: t.string({
      nullable: true,
      description: 'The answer, its first 20,000 characters; null where there is none.',
      resolve: ({ text }) => text,
    }),
    object: t.field({
      type: 'JSON',
      nullable: true,
      description:
        'The parsed answer, where a JSON Schema was asked for and met and it is no longer than that.',
      resolve: ({ object }) => object,
    }),
    graded: t.field({ type: [Graded], resolve: ({ graded }) => graded }),
    passed: t.exposeBoolean('passed', { description: 'Every grader lets it pass.' }),
    error: t.string({
      nullable: true,
      description: 'Why there is no answer, or none that could be graded.',
      resolve: ({ error }) => error,
    }),
    latencyMs: t.exposeInt('latencyMs'),
    cost: t.field({
      type: Money,
      nullable: true,
      description: 'With its judges; null where no price is known.',
      resolve: ({ costNanos }) => (costNanos === undefined ? null : { nanos: costNanos }),
    }),
    completion: t.field({
      type: Completion,
      nullable: true,
      description: 'Null where none was begun, or the viewer may not see it.',
      resolve: ({ completionId }, _args, { loaders }) =>
        completionId === undefined ? null : loaders.completion.load(completionId),
    }),
  }),
});

const EvaluationResultConnection = connectionOf('EvaluationResult', EvaluationResult);

builder.objectFields(Evaluation, (t) => ({
  summary: t.field({
    type: EvaluationSummary,
    complexity: 10,
    resolve: async ({ id, graders }, _args, { gateway, who }) =>
      summarise(graders, await readVerdicts(gateway.database.sql, who.organisationId, id)),
  }),
  results: t.field({
    type: EvaluationResultConnection,
    description: 'In the order of the cases.',
    args: {
      failedOnly: t.arg.boolean({ defaultValue: false, description: 'Those that did not pass.' }),
      ...pageArgs(t.arg),
    },
    complexity: pageComplexity,
    resolve: ({ id }, { failedOnly, ...args }, { gateway, who }) => {
      const of = { evaluationId: id, failedOnly: failedOnly ?? false };
      const { sql } = gateway.database;
      return readPage(args, {
        read: (page) => readResults(sql, who.organisationId, of, page),
        cursorOf: ({ caseId }) => caseId,
        isCursor: (text) => isId('case', text),
        count: () => countResults(sql, who.organisationId, of),
      });
    },
  }),
}));
