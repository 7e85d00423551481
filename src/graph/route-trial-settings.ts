import {
  CANARY_DEFAULTS,
  CANARY_STEP_DEFAULTS,
  EXPERIMENT_ARM_DEFAULTS,
  EXPERIMENT_DEFAULTS,
  METRIC_GOALS,
  ROLLBACK_DEFAULTS,
  type CanarySpec,
  type CanaryStep as StepRow,
  type ExperimentArm as ArmRow,
  type ExperimentSpec,
  type RollbackRule as RuleRow,
} from '../domain/trial.ts';
import { builder } from './builder.ts';
import type { WithoutNull } from './inputs.ts';
import { RouteSettings, RouteStickyKey } from './route-settings.ts';

export const MetricGoal = builder.enumType('MetricGoal', { values: METRIC_GOALS });

export const TRIAL_TELLS = {
  model: '`provider/model`, or the name of another route.',
  steps: 'One after the other; each takes more than the one before.',
  percent: 'Of all requests; more than 0, at most 100.',
  minutes: 'How long the step lasts at least.',
  requests: 'So many requests the canary has to have answered, or failed, in this step.',
  stickyBy: `What stays with one arm. Requests without an end user are drawn, where it is END_USER.`,
  afterRequests: `Nothing but feedback is judged before the canary has answered, or failed, so many requests of a step, and nothing
is compared before the baseline has too.`,
  errorRateAbove: 'From 0 to 1: the share of its requests that its own model has not answered.',
  latencyRatioAbove: 'Its mean time to the first token, as a multiple of the baseline’s.',
  costRatioAbove: 'Its mean cost of a request, as a multiple of the baseline’s.',
  feedbackBelow: 'Its mean score by `completionRate`, from 0 to 1, over all steps.',
  afterRatings: 'So many scores it needs before they are judged.',
  weight: 'Its share among all weights.',
  metric: `\`success\`, \`cost\`, \`latency\` (to the first token), \`feedback\`, or the name of a metric that \`completionRate\` tells.`,
  confidence: 'How sure it is to be before it names a winner; from 0.51 to 0.9999.',
  minRequests: 'Each arm needs so many values of the metric before it is compared; at least 10.',
};

const CanaryStep = builder.objectRef<StepRow>('CanaryStep').implement({
  description: 'How much a canary takes, and until when.',
  fields: (t) => ({
    percent: t.exposeFloat('percent', { description: TRIAL_TELLS.percent }),
    minutes: t.exposeFloat('minutes', { description: TRIAL_TELLS.minutes }),
    requests: t.exposeInt('requests', { description: TRIAL_TELLS.requests }),
  }),
});

const RollbackRule = builder.objectRef<RuleRow>('RollbackRule').implement({
  description: 'When a canary is taken back. What is null is not judged.',
  fields: (t) => ({
    afterRequests: t.exposeInt('afterRequests', { description: TRIAL_TELLS.afterRequests }),
    errorRateAbove: t.float({
      nullable: true,
      description: TRIAL_TELLS.errorRateAbove,
      resolve: ({ errorRateAbove }) => errorRateAbove,
    }),
    latencyRatioAbove: t.float({
      nullable: true,
      description: TRIAL_TELLS.latencyRatioAbove,
      resolve: ({ latencyRatioAbove }) => latencyRatioAbove,
    }),
    costRatioAbove: t.float({
      nullable: true,
      description: TRIAL_TELLS.costRatioAbove,
      resolve: ({ costRatioAbove }) => costRatioAbove,
    }),
    feedbackBelow: t.float({
      nullable: true,
      description: TRIAL_TELLS.feedbackBelow,
      resolve: ({ feedbackBelow }) => feedbackBelow,
    }),
    afterRatings: t.exposeInt('afterRatings', { description: TRIAL_TELLS.afterRatings }),
  }),
});

const RouteCanary = builder.objectRef<CanarySpec>('RouteCanary').implement({
  description: `A model that is to take over from the targets of a route, little by little. They remain its fallbacks. How far it
is, \`Route.trial\` says.`,
  fields: (t) => ({
    model: t.exposeString('model', { description: TRIAL_TELLS.model }),
    steps: t.field({ type: [CanaryStep], description: TRIAL_TELLS.steps, resolve: ({ steps }) => steps }),
    rollBackWhen: t.field({ type: RollbackRule, resolve: ({ rollBackWhen }) => rollBackWhen }),
    stickyBy: t.field({
      type: RouteStickyKey,
      description: TRIAL_TELLS.stickyBy,
      resolve: ({ stickyBy }) => stickyBy,
    }),
  }),
});

const ExperimentArm = builder.objectRef<ArmRow>('ExperimentArm').implement({
  description: 'One way that an experiment compares with others.',
  fields: (t) => ({
    name: t.exposeString('name'),
    model: t.exposeString('model', { description: TRIAL_TELLS.model }),
    weight: t.exposeInt('weight', { description: TRIAL_TELLS.weight }),
  }),
});

const RouteExperiment = builder.objectRef<ExperimentSpec>('RouteExperiment').implement({
  description: `Which of several models is the best, by one metric. The targets of the route are the fallbacks of all. How it
stands, \`Route.trial\` says.`,
  fields: (t) => ({
    name: t.exposeString('name'),
    arms: t.field({ type: [ExperimentArm], resolve: ({ arms }) => arms }),
    stickyBy: t.field({
      type: RouteStickyKey,
      description: TRIAL_TELLS.stickyBy,
      resolve: ({ stickyBy }) => stickyBy,
    }),
    metric: t.exposeString('metric', { description: TRIAL_TELLS.metric }),
    goal: t.field({ type: MetricGoal, resolve: ({ goal }) => goal }),
    confidence: t.exposeFloat('confidence', { description: TRIAL_TELLS.confidence }),
    minRequests: t.exposeInt('minRequests', { description: TRIAL_TELLS.minRequests }),
  }),
});

builder.interfaceFields(RouteSettings, (t) => ({
  canary: t.field({ type: RouteCanary, nullable: true, resolve: ({ canary }) => canary }),
  experiment: t.field({ type: RouteExperiment, nullable: true, resolve: ({ experiment }) => experiment }),
}));

const CanaryStepInput = builder.inputType('CanaryStepInput', {
  fields: (t) => ({
    percent: t.float({ required: true, description: TRIAL_TELLS.percent }),
    minutes: t.float({ defaultValue: CANARY_STEP_DEFAULTS.minutes, description: TRIAL_TELLS.minutes }),
    requests: t.int({ defaultValue: CANARY_STEP_DEFAULTS.requests, description: TRIAL_TELLS.requests }),
  }),
});

const RollbackRuleInput = builder.inputType('RollbackRuleInput', {
  description: 'At least one of `errorRateAbove`, `latencyRatioAbove`, `costRatioAbove` and `feedbackBelow`.',
  fields: (t) => ({
    afterRequests: t.int({ required: true, description: TRIAL_TELLS.afterRequests }),
    errorRateAbove: t.float({ description: TRIAL_TELLS.errorRateAbove }),
    latencyRatioAbove: t.float({ description: TRIAL_TELLS.latencyRatioAbove }),
    costRatioAbove: t.float({ description: TRIAL_TELLS.costRatioAbove }),
    feedbackBelow: t.float({ description: TRIAL_TELLS.feedbackBelow }),
    afterRatings: t.int({
      defaultValue: ROLLBACK_DEFAULTS.afterRatings,
      description: TRIAL_TELLS.afterRatings,
    }),
  }),
});

export const RouteCanaryInput = builder.inputType('RouteCanaryInput', {
  fields: (t) => ({
    model: t.string({ required: true, description: TRIAL_TELLS.model }),
    steps: t.field({ type: [CanaryStepInput], required: true, description: TRIAL_TELLS.steps }),
    rollBackWhen: t.field({ type: RollbackRuleInput, required: true }),
    stickyBy: t.field({
      type: RouteStickyKey,
      defaultValue: CANARY_DEFAULTS.stickyBy,
      description: TRIAL_TELLS.stickyBy,
    }),
  }),
});

const ExperimentArmInput = builder.inputType('ExperimentArmInput', {
  fields: (t) => ({
    name: t.string({ required: true }),
    model: t.string({ required: true, description: TRIAL_TELLS.model }),
    weight: t.int({ defaultValue: EXPERIMENT_ARM_DEFAULTS.weight, description: TRIAL_TELLS.weight }),
  }),
});

export const RouteExperimentInput = builder.inputType('RouteExperimentInput', {
  fields: (t) => ({
    name: t.string({ required: true }),
    arms: t.field({ type: [ExperimentArmInput], required: true }),
    stickyBy: t.field({
      type: RouteStickyKey,
      defaultValue: EXPERIMENT_DEFAULTS.stickyBy,
      description: TRIAL_TELLS.stickyBy,
    }),
    metric: t.string({ defaultValue: EXPERIMENT_DEFAULTS.metric, description: TRIAL_TELLS.metric }),
    goal: t.field({ type: MetricGoal, defaultValue: EXPERIMENT_DEFAULTS.goal }),
    confidence: t.float({
      defaultValue: EXPERIMENT_DEFAULTS.confidence,
      description: TRIAL_TELLS.confidence,
    }),
    minRequests: t.int({
      defaultValue: EXPERIMENT_DEFAULTS.minRequests,
      description: TRIAL_TELLS.minRequests,
    }),
  }),
});

/** Whatever is not given, also as null, gets its default. */
export function toCanary(input: WithoutNull<typeof RouteCanaryInput.$inferInput>): CanarySpec {
  return {
    ...CANARY_DEFAULTS,
    ...input,
    steps: input.steps.map((step) => ({ ...CANARY_STEP_DEFAULTS, ...step })),
    rollBackWhen: { ...ROLLBACK_DEFAULTS, ...input.rollBackWhen },
  };
}

export function toExperiment(input: WithoutNull<typeof RouteExperimentInput.$inferInput>): ExperimentSpec {
  return {
    ...EXPERIMENT_DEFAULTS,
    ...input,
    arms: input.arms.map((arm) => ({ ...EXPERIMENT_ARM_DEFAULTS, ...arm })),
  };
}
