import {
  EVALUATION_STATUSES,
  STOP_REASONS,
  type Evaluation as EvaluationRow,
  type EvaluationCounts as CountsRow,
} from '../domain/evaluation.ts';
import { readEvaluations } from '../evaluations/evaluation-rows.ts';
import { builder } from './builder.ts';
import { Dataset } from './dataset.ts';
import { Grader } from './grader.ts';
import { Money } from './money.ts';
import { PromptVersion } from './prompt.ts';

export const EvaluationStatus = builder.enumType('EvaluationStatus', {
  description:
    'FAILED: all was run, and too little passed. STOPPED: it is not known, because not all was run.',
  values: EVALUATION_STATUSES,
});
const EvaluationStopReason = builder.enumType('EvaluationStopReason', {
  description: 'BUDGET: the next case could have come to more than is left.',
  values: STOP_REASONS,
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
