import { TRIAL_KINDS, TRIAL_STATES, type Assignment, type Trial as TrialRow } from '../domain/trial.ts';
import { restartTrial } from '../routing/restart-trial.ts';
import { viewTrial, type ArmView, type MetricView } from '../trials/view.ts';
import { builder } from './builder.ts';
import { payload } from './errors.ts';
import { RouteDecision } from './route-decision.ts';
import { originOf, RoutePayload } from './route-set.ts';
import { Route } from './route.ts';

const TrialKind = builder.enumType('TrialKind', { values: TRIAL_KINDS });
const TrialState = builder.enumType('TrialState', {
  description: `A canary is PROMOTED when its last step is through: it takes everything then. ROLLED_BACK: it takes nothing any more.
An experiment is DECIDED when it has a winner; those of routes go on. STOPPED: it has seen all that it was to see, without one.`,
  values: TRIAL_STATES,
});

const TrialMetric = builder.objectRef<MetricView>('TrialMetric').implement({
  description: `The values of a metric that an arm has come to: \`success\` from 0 to 1, \`cost\` in USD, \`latency\` in milliseconds to
the first token, \`feedback\` from 0 to 1, or what callers tell.`,
  fields: (t) => ({
    name: t.exposeString('name'),
    count: t.exposeInt('count', { description: 'How many values there are.' }),
    mean: t.exposeFloat('mean'),
    low: t.float({
      nullable: true,
      description: `Between this and \`high\` is the true mean, for all arms and at all times together, with the confidence of the
experiment. Null for metrics that it does not compare, and for too few values.`,
      resolve: ({ low }) => low,
    }),
    high: t.float({ nullable: true, resolve: ({ high }) => high }),
  }),
});

const TrialArm = builder.objectRef<ArmView>('TrialArm').implement({
  description: 'How one arm of a trial stands.',
  fields: (t) => ({
    name: t.exposeString('name', { description: 'Of a canary: `canary` or `baseline`.' }),
    model: t.string({
      nullable: true,
      description:
        'Null for the baseline of a canary, which is what the route says otherwise, and for versions of a prompt.',
      resolve: ({ model }) => model,
    }),
    version: t.int({
      nullable: true,
      description: 'Of a prompt.',
      resolve: ({ version }) => version,
    }),
    share: t.exposeFloat('share', { description: 'Of all requests, from 0 to 1.' }),
    requests: t.exposeInt('requests', {
      description: 'That it has answered, or failed; of a canary in the step that runs, or was the last.',
    }),
    failures: t.exposeInt('failures', {
      description: 'Of these: what its own model has not answered, whatever its fallbacks did.',
    }),
    metrics: t.field({
      type: [TrialMetric],
      description: 'Those with values.',
      resolve: ({ metrics }) => metrics,
    }),
  }),
});

export const Trial = builder.objectRef<TrialRow>('Trial').implement({
  description: 'How a canary or an experiment stands, on all instances together.',
  fields: (t) => ({
    kind: t.field({ type: TrialKind, resolve: ({ spec }) => spec.kind }),
    state: t.field({ type: TrialState, resolve: ({ state }) => state }),
    step: t.int({
      nullable: true,
      description: 'Number of the step of a canary, from 1 on.',
      resolve: ({ spec, step }) => (spec.kind === 'CANARY' ? step + 1 : null),
    }),
    startedAt: t.field({ type: 'DateTime', resolve: ({ startedAt }) => startedAt }),
    stepStartedAt: t.field({ type: 'DateTime', resolve: ({ stepStartedAt }) => stepStartedAt }),
    endedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it stopped RUNNING.',
      resolve: ({ endedAt }) => endedAt,
    }),
    reason: t.string({
      nullable: true,
      description: 'Why it stopped, with the rule and the numbers that it was decided by.',
      resolve: ({ verdict }) => verdict?.message,
    }),
    winner: t.string({
      nullable: true,
      description: 'The arm of an experiment that has won.',
      resolve: ({ verdict }) => verdict?.winner,
    }),
    confidence: t.float({
      nullable: true,
      description: `How sure it is that the winner is the best of all arms, or, as long as there is none, the arm that is ahead. It
may be looked at any time. Null for a canary, and while some arm has too few values.`,
      resolve: async (trial, _args, { loaders }) =>
        trial.verdict?.confidence ?? viewTrial(trial, await loaders.trialSums.load(trial)).confidence,
    }),
    arms: t.field({
      type: [TrialArm],
      resolve: async (trial, _args, { loaders }) =>
        viewTrial(trial, await loaders.trialSums.load(trial)).arms,
    }),
  }),
});

builder.objectField(Route, 'trial', (t) =>
  t.field({
    type: Trial,
    nullable: true,
    description: 'How its canary or its experiment stands; null where it has neither.',
    resolve: ({ trial }) => trial,
  }),
);

const TrialAssignment = builder.objectRef<Assignment>('TrialAssignment').implement({
  description: 'The arm of a trial that a request belongs to, whatever answers it in the end.',
  fields: (t) => ({
    kind: t.field({ type: TrialKind, resolve: ({ kind }) => kind }),
    arm: t.exposeString('arm'),
    share: t.exposeFloat('share', { description: 'Of all requests at that time, from 0 to 1.' }),
    models: t.stringList({ description: 'The models of the arm.', resolve: ({ models }) => [...models] }),
  }),
});

builder.objectField(RouteDecision, 'trial', (t) =>
  t.field({
    type: TrialAssignment,
    nullable: true,
    description: `Null where the route tries nothing out, or one of the arms could not answer such a request. Where nothing stays
with an arm it is drawn, in an explanation too.`,
    resolve: ({ trial }) => trial,
  }),
);

builder.mutationField('routeTrialRestart', (t) =>
  t.field({
    type: RoutePayload,
    description:
      'Begins the canary or the experiment of a route anew, at its first step and with nothing counted.',
    args: { name: t.arg.string({ required: true }) },
    resolve: (_root, { name }, context) =>
      payload(async () => ({
        route: await restartTrial(context.gateway.routes, context.who, name, originOf(context)),
      })),
  }),
);
