import {
  DECIDED_ACTIONS,
  EXPERIMENT_ARM_DEFAULTS,
  EXPERIMENT_DEFAULTS,
  type PromptArm as ArmRow,
  type PromptExperimentSpec,
  type Trial as TrialRow,
} from '../domain/trial.ts';
import { PRODUCTION } from '../domain/prompt.ts';
import { setExperiment, stopExperiment } from '../prompts/experiments.ts';
import { builder } from './builder.ts';
import { payload } from './errors.ts';
import { withoutNull } from './inputs.ts';
import { Prompt } from './prompt.ts';
import { checking } from './prompt-publish.ts';
import { foundPrompt, PromptPayload } from './prompt-set.ts';
import { RouteStickyKey } from './route-settings.ts';
import { originOf } from './route-set.ts';
import { Trial } from './route-trial.ts';
import { TRIAL_TELLS as TELLS, MetricGoal } from './route-trial-settings.ts';

const STICKY = `END_USER, or CONVERSATION: what the tag \`conversation\` of a request says. Requests without one are drawn.`;

const DecidedAction = builder.enumType('DecidedAction', {
  description: `What becomes of the label when an experiment has a winner. PROMOTE: it stands for the winner. STOP: it stands for what
it stood for before. GO_ON: the arms go on.`,
  values: DECIDED_ACTIONS,
});

const PromptArm = builder.objectRef<ArmRow>('PromptArm').implement({
  fields: (t) => ({
    name: t.exposeString('name'),
    version: t.exposeInt('version'),
    weight: t.exposeInt('weight', { description: TELLS.weight }),
  }),
});

const PromptExperiment = builder
  .objectRef<{ spec: PromptExperimentSpec; trial: TrialRow }>('PromptExperiment')
  .implement({
    description: 'Which of several versions of a prompt is the best on a label, by one metric.',
    fields: (t) => ({
      name: t.string({ resolve: ({ spec }) => spec.name }),
      label: t.string({ resolve: ({ spec }) => spec.label }),
      arms: t.field({ type: [PromptArm], resolve: ({ spec }) => spec.arms }),
      stickyBy: t.field({ type: RouteStickyKey, description: STICKY, resolve: ({ spec }) => spec.stickyBy }),
      metric: t.string({ description: TELLS.metric, resolve: ({ spec }) => spec.metric }),
      goal: t.field({ type: MetricGoal, resolve: ({ spec }) => spec.goal }),
      confidence: t.float({ description: TELLS.confidence, resolve: ({ spec }) => spec.confidence }),
      minRequests: t.int({ description: TELLS.minRequests, resolve: ({ spec }) => spec.minRequests }),
      maxRequests: t.int({ nullable: true, resolve: ({ spec }) => spec.maxRequests }),
      whenDecided: t.field({ type: DecidedAction, resolve: ({ spec }) => spec.whenDecided }),
      trial: t.field({ type: Trial, description: 'How it stands.', resolve: ({ trial }) => trial }),
    }),
  });

builder.objectField(Prompt, 'experiments', (t) =>
  t.field({
    type: [PromptExperiment],
    description: 'Of each label the one that was begun last; none after the label was moved by hand.',
    resolve: ({ experiments }) =>
      [...experiments.values()].flatMap((trial) =>
        trial.spec.kind === 'PROMPT_EXPERIMENT' ? [{ spec: trial.spec.experiment, trial }] : [],
      ),
  }),
);

const PromptArmInput = builder.inputType('PromptArmInput', {
  fields: (t) => ({
    name: t.string({ required: true }),
    version: t.int({ required: true }),
    weight: t.int({ defaultValue: EXPERIMENT_ARM_DEFAULTS.weight, description: TELLS.weight }),
  }),
});

const PromptExperimentInput = builder.inputType('PromptExperimentInput', {
  fields: (t) => ({
    slug: t.string({ required: true }),
    label: t.string({ defaultValue: PRODUCTION }),
    name: t.string({ required: true }),
    arms: t.field({
      type: [PromptArmInput],
      required: true,
      description: 'Versions with the variables and the output of the one that the label stands for.',
    }),
    stickyBy: t.field({
      type: RouteStickyKey,
      defaultValue: EXPERIMENT_DEFAULTS.stickyBy,
      description: STICKY,
    }),
    metric: t.string({ defaultValue: EXPERIMENT_DEFAULTS.metric, description: TELLS.metric }),
    goal: t.field({ type: MetricGoal, defaultValue: EXPERIMENT_DEFAULTS.goal }),
    confidence: t.float({ defaultValue: EXPERIMENT_DEFAULTS.confidence, description: TELLS.confidence }),
    minRequests: t.int({ defaultValue: EXPERIMENT_DEFAULTS.minRequests, description: TELLS.minRequests }),
    maxRequests: t.int({
      description:
        'When each arm has so many values and none is surely the best, it stops. Never, unless given.',
    }),
    whenDecided: t.field({ type: DecidedAction, defaultValue: 'PROMOTE' }),
  }),
});

builder.mutationFields((t) => ({
  promptExperimentSet: t.field({
    type: PromptPayload,
    description: `Compares versions on a label: requests that ask for it get the version of their arm. It takes the place of the one before.
Moving the label ends it.`,
    args: { input: t.arg({ type: PromptExperimentInput, required: true }) },
    resolve: (_root, { input }, context) =>
      payload(async () => {
        const { slug, ...wanted } = withoutNull(input);
        const spec: PromptExperimentSpec = {
          ...EXPERIMENT_DEFAULTS,
          label: PRODUCTION,
          whenDecided: 'PROMOTE',
          ...wanted,
          arms: wanted.arms.map((arm) => ({ ...EXPERIMENT_ARM_DEFAULTS, ...arm })),
        };
        const { store } = await checking(context, false);
        await setExperiment(store, context.who, { ...spec, slug }, originOf(context));
        return foundPrompt(context, slug);
      }),
  }),
  promptExperimentStop: t.field({
    type: PromptPayload,
    description: 'Ends what is compared on a label, which stands for what it stood for.',
    args: {
      slug: t.arg.string({ required: true }),
      label: t.arg.string({ defaultValue: PRODUCTION }),
    },
    resolve: (_root, { slug, label }, context) =>
      payload(async () => {
        const wanted = { slug, label: label ?? PRODUCTION };
        await stopExperiment(context.gateway.prompts, context.who, wanted, originOf(context));
        return foundPrompt(context, slug);
      }),
  }),
}));
