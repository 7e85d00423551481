import {
  EVALUATION_STATUSES,
  STOP_REASONS,
  type Evaluation as EvaluationRow,
  type EvaluationCounts as CountsRow,
  type EvaluationResult as ResultRow,
} from '../domain/evaluation.ts';
import {
  countEvaluations,
  countResults,
  findEvaluation,
  readEvaluations,
  readResults,
  readVerdicts,
  type EvaluationFilter as Filter,
} from '../evaluations/evaluation-rows.ts';
import { watchEvaluation } from '../evaluations/progress.ts';
import { readDatasets } from '../evaluations/rows.ts';
import { summarise } from '../evaluations/summary.ts';
import { isId } from '../lib/ids.ts';
import { readPrompts } from '../prompts/rows.ts';
import { builder } from './builder.ts';
import { Completion } from './completion.ts';
import { connectionOf, pageArgs, pageComplexity, readPage } from './connection.ts';
import type { GraphContext } from './context.ts';
import { Dataset, DatasetCase } from './dataset.ts';
import { EvaluationSummary } from './evaluation-summary.ts';
import { Graded, Grader } from './grader.ts';
import { Money } from './money.ts';
import { PromptVersion } from './prompt.ts';

const EvaluationStatus = builder.enumType('EvaluationStatus', {
  description:
    'FAILED: all was run, and too little passed. STOPPED: it is not known, because not all was run.',
  values: EVALUATION_STATUSES,
});
const EvaluationStopReason = builder.enumType('EvaluationStopReason', {
  description: 'BUDGET: the next case could have come to more than is left.',
  values: STOP_REASONS,
});

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

const EvaluationCounts = builder.objectRef<CountsRow>('EvaluationCounts').implement({
  description: 'Cases. `total` is those that there are to run, the others are what has come of them so far.',
  fields: (t) => ({
    total: t.exposeInt('total'),
    done: t.int({ resolve: doneOf }),
    passed: t.exposeInt('passed'),
    failed: t.exposeInt('failed'),
    errors: t.exposeInt('errors', { description: 'There was no answer to grade.' }),
  }),
});

const EvaluationResultConnection = connectionOf('EvaluationResult', EvaluationResult);

export const Evaluation = builder.objectRef<EvaluationRow>('Evaluation');
builder.node(Evaluation, {
  description: 'One version of a prompt, run on each case of one version of a dataset.',
  id: { resolve: ({ id }) => id },
  loadManyWithoutCache: async (ids, { gateway, who }) => {
    const page = { first: ids.length };
    const found = await readEvaluations(gateway.database.sql, who.organisationId, { ids }, page);
    return ids.map((id) => found.find((each) => each.id === id));
  },
  fields: (t) => ({
    status: t.field({ type: EvaluationStatus, resolve: ({ status }) => status }),
    stopReason: t.field({
      type: EvaluationStopReason,
      nullable: true,
      resolve: ({ stopped }) => stopped?.reason,
    }),
    stopMessage: t.string({
      nullable: true,
      description: 'For people.',
      resolve: ({ stopped }) => stopped?.message,
    }),
    promptVersion: t.field({
      type: PromptVersion,
      nullable: true,
      resolve: ({ promptId, promptVersion: number }, _args, { loaders }) =>
        loaders.promptVersionOf.load({ promptId, number }),
    }),
    dataset: t.field({
      type: Dataset,
      nullable: true,
      description: 'As it stands now; null where it is gone.',
      resolve: ({ datasetId }, _args, { loaders }) => loaders.dataset.load(datasetId),
    }),
    datasetVersion: t.exposeInt('datasetVersion', { description: 'The one whose cases are run.' }),
    sample: t.int({
      nullable: true,
      description: 'So many of the cases, the same ones of a dataset each time; null: all.',
      resolve: ({ sample }) => sample,
    }),
    graders: t.field({ type: [Grader], resolve: ({ graders }) => graders }),
    model: t.string({
      nullable: true,
      description: 'Instead of the model of the prompt; null: that one.',
      resolve: ({ model }) => model,
    }),
    maxCost: t.field({ type: Money, resolve: ({ budgetNanos }) => ({ nanos: budgetNanos }) }),
    concurrency: t.exposeInt('concurrency'),
    passingRate: t.exposeFloat('passingRate', { description: 'The share of cases that has to pass.' }),
    counts: t.field({ type: EvaluationCounts, resolve: ({ counts }) => counts }),
    cost: t.field({
      type: Money,
      description: 'What the ledger has settled of it by now, judges included.',
      resolve: ({ costNanos }) => ({ nanos: costNanos }),
    }),
    etaSeconds: t.int({
      nullable: true,
      description:
        'How long the rest takes at the pace so far; null where that is not known, and when it has ended.',
      resolve: etaOf,
    }),
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
    startedBy: t.node({
      description: 'The key or user; null where the viewer may not see it.',
      id: ({ startedBy }) => startedBy,
    }),
    createdAt: t.field({ type: 'DateTime', resolve: ({ createdAt }) => createdAt }),
    startedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When the first case began; null: it waits for others to end.',
      resolve: ({ startedAt }) => startedAt,
    }),
    finishedAt: t.field({ type: 'DateTime', nullable: true, resolve: ({ finishedAt }) => finishedAt }),
  }),
});

function doneOf({ passed, failed, errors }: CountsRow): number {
  return passed + failed + errors;
}

function etaOf({ counts, startedAt, finishedAt }: EvaluationRow): number | null {
  const done = doneOf(counts);
  if (!startedAt || finishedAt || done === 0) return null;
  const perCaseMs = (Date.now() - startedAt.getTime()) / done;
  return Math.ceil((perCaseMs * (counts.total - done)) / 1_000);
}

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
    description: `How an evaluation stands: now, and each time that it has got on, whichever instance runs it, until it has ended. A slow
reader is told how it stands when it comes.`,
    args: { id: t.arg.id({ required: true }) },
    subscribe: (_root, { id }, { gateway, who: { organisationId }, signal }) =>
      watchEvaluation({ sql: gateway.database.sql, relay: gateway.relay }, { organisationId, id }, signal),
    resolve: (evaluation) => evaluation,
  }),
);
