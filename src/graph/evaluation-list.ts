import {
  countEvaluations,
  findEvaluation,
  readEvaluations,
  type EvaluationFilter as Filter,
} from '../evaluations/evaluation-rows.ts';
import { watchEvaluation } from '../evaluations/progress.ts';
import { readDatasets } from '../evaluations/rows.ts';
import { isId } from '../lib/ids.ts';
import { readPrompts } from '../prompts/rows.ts';
import { builder } from './builder.ts';
import { connectionOf, pageArgs, pageComplexity, readPage } from './connection.ts';
import type { GraphContext } from './context.ts';
import { Evaluation, EvaluationStatus } from './evaluation.ts';

const EvaluationConnection = connectionOf('Evaluation', Evaluation);

const EvaluationFilter = builder.inputType('EvaluationFilter', {
  description: 'Every given member must hold.',
  fields: (t) => ({
    prompt: t.string({ description: 'Its slug.' }),
    version: t.int({ description: 'Of the prompt.' }),
    dataset: t.string({ description: 'Its name.' }),
    status: t.field({ type: [EvaluationStatus] }),
  }),
});

/** What is named by a name that nothing has is found nowhere. */
const NONE: Filter = { ids: [] };

async function toFilter(
  { prompt, version, dataset, status }: typeof EvaluationFilter.$inferInput,
  { gateway, who }: GraphContext,
): Promise<Filter> {
  const { sql } = gateway.database;
  const [found] = prompt == null ? [] : await readPrompts(sql, who.organisationId, { slug: prompt });
  const [named] = dataset == null ? [] : await readDatasets(sql, who.organisationId, { name: dataset });
  if ((prompt != null && !found) || (dataset != null && !named)) return NONE;
  return {
    promptId: found?.id,
    promptVersion: version ?? undefined,
    datasetId: named?.id,
    status: status ?? undefined,
  };
}

builder.queryFields((t) => ({
  evaluation: t.field({
    type: Evaluation,
    nullable: true,
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, { id }, { gateway, who }) =>
      isId('eval', id) ? findEvaluation(gateway.database.sql, who.organisationId, id) : null,
  }),
  evaluations: t.field({
    type: EvaluationConnection,
    description: 'Those of the organisation, the newest first.',
    args: { filter: t.arg({ type: EvaluationFilter }), ...pageArgs(t.arg) },
    complexity: pageComplexity,
    resolve: async (_root, { filter, ...args }, context) => {
      const { gateway, who } = context;
      const where = await toFilter(filter ?? {}, context);
      const { sql } = gateway.database;
      return readPage(args, {
        read: (page) => readEvaluations(sql, who.organisationId, where, page),
        cursorOf: ({ id }) => id,
        isCursor: (text) => isId('eval', text),
        count: () => countEvaluations(sql, who.organisationId, where),
      });
    },
  }),
}));

builder.subscriptionField('evaluationProgress', (t) =>
  t.field({
    type: Evaluation,
    nullable: true,
    description: `How an evaluation stands: now, and each time that it has got on, whichever instance runs it, until it has ended. A slow
reader is told how it stands when it comes. Null where there is no such evaluation.`,
    args: { id: t.arg.id({ required: true }) },
    subscribe: (_root, { id }, { gateway, who: { organisationId }, signal }) =>
      watchEvaluation({ sql: gateway.database.sql, relay: gateway.relay }, { organisationId, id }, signal),
    resolve: (evaluation) => evaluation,
  }),
);
