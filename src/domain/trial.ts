import type { StickyKey } from './route.ts';

export const TRIAL_KINDS = ['CANARY', 'EXPERIMENT', 'PROMPT_EXPERIMENT'] as const;
/**
 * A canary is to take over, unless it turns out bad; an experiment is to tell which of its arms is the best: models of a
 * route, or versions of a prompt.
 */
export type TrialKind = (typeof TRIAL_KINDS)[number];

export const TRIAL_STATES = ['RUNNING', 'PROMOTED', 'ROLLED_BACK', 'DECIDED', 'STOPPED'] as const;
/**
 * A canary is PROMOTED when its last step is through: it takes everything then. ROLLED_BACK: it takes nothing any more. An
 * experiment is DECIDED when it has a winner; those of routes go on. STOPPED: it has seen all that it was to see, and has no
 * winner.
 */
export type TrialState = (typeof TRIAL_STATES)[number];

/** The two arms of a canary. */
export const CANARY_ARM = 'canary';
export const BASELINE_ARM = 'baseline';

/** How much a canary takes, and until when. */
export interface CanaryStep {
  /** Of all requests; more than 0, at most 100. */
  percent: number;
  /** How long the step lasts at least. */
  minutes: number;
  /** So many requests the canary has to have answered, or failed, in this step. */
  requests: number;
}

/** When a canary is taken back. What is undefined is not judged. */
export interface RollbackRule {
  /** Nothing is judged before the canary has answered, or failed, so many requests of a step. */
  afterRequests: number;
  /** From 0 to 1. */
  errorRateAbove?: number | undefined;
  /** Its mean time to the first token, as a multiple of the baseline's. */
  latencyRatioAbove?: number | undefined;
  /** Its mean cost of a request, as a multiple of the baseline's. */
  costRatioAbove?: number | undefined;
  /** Its mean score, from 0 to 1. */
  feedbackBelow?: number | undefined;
  /** So many scores it needs before they are judged. */
  afterRatings: number;
}

/** A model that is to take over from the targets of a route, little by little. */
export interface CanarySpec {
  /** `provider/model`, or the name of another route. */
  model: string;
  steps: CanaryStep[];
  rollBackWhen: RollbackRule;
  stickyBy: StickyKey;
}

/** Metrics that are measured of every request; all others are told by `completionRate`. */
export const MEASURED_METRICS = ['success', 'cost', 'latency', 'feedback'] as const;
export type MeasuredMetric = (typeof MEASURED_METRICS)[number];

export const METRIC_GOALS = ['MAXIMISE', 'MINIMISE'] as const;
export type MetricGoal = (typeof METRIC_GOALS)[number];

/** One way that an experiment compares with others. */
export interface ExperimentArm {
  name: string;
  /** `provider/model`, or the name of another route. */
  model: string;
  /** Its share among all weights. */
  weight: number;
}

/** By what the arms of an experiment are compared. */
export interface ExperimentRule {
  name: string;
  arms: readonly { name: string; weight: number }[];
  stickyBy: StickyKey;
  /** One of `MEASURED_METRICS`, or the name of one that `completionRate` tells. */
  metric: string;
  goal: MetricGoal;
  /** How sure it is to be before it names a winner; more than 0.5, less than 1. */
  confidence: number;
  /** Each arm needs so many values before it is compared. */
  minRequests: number;
}

/** Which of several models is the best, by one metric. */
export interface ExperimentSpec extends ExperimentRule {
  arms: ExperimentArm[];
}

/** A version that competes for a label. */
export interface PromptArm {
  name: string;
  /** Its number. */
  version: number;
  /** Its share among all weights. */
  weight: number;
}

export const DECIDED_ACTIONS = ['PROMOTE', 'STOP', 'GO_ON'] as const;
/** When there is a winner: the label stands for it; or for what it stood for before; or the arms go on. */
export type DecidedAction = (typeof DECIDED_ACTIONS)[number];

/** Which of several versions of a prompt is the best, by one metric. */
export interface PromptExperimentSpec extends ExperimentRule {
  label: string;
  arms: PromptArm[];
  whenDecided: DecidedAction;
  /** When each arm has so many values and there is no winner, it stops; undefined: never. */
  maxRequests?: number | undefined;
}

export const CANARY_DEFAULTS = { stickyBy: 'END_USER' } satisfies Partial<CanarySpec>;
export const CANARY_STEP_DEFAULTS = { minutes: 0, requests: 0 } satisfies Partial<CanaryStep>;
export const ROLLBACK_DEFAULTS = { afterRatings: 10 } satisfies Partial<RollbackRule>;
export const EXPERIMENT_DEFAULTS = {
  stickyBy: 'END_USER',
  metric: 'success',
  goal: 'MAXIMISE',
  confidence: 0.95,
  minRequests: 100,
} satisfies Partial<ExperimentSpec>;
export const EXPERIMENT_ARM_DEFAULTS = { weight: 1 } satisfies Partial<ExperimentArm>;

/** What a trial is to do. */
export type TrialSpec =
  | { kind: 'CANARY'; canary: CanarySpec }
  | { kind: 'EXPERIMENT'; experiment: ExperimentSpec }
  | { kind: 'PROMPT_EXPERIMENT'; experiment: PromptExperimentSpec };

/** What was decided, and by which numbers. */
export interface TrialVerdict {
  /** For people. */
  message: string;
  /** Of an experiment: the arm that won, and how sure that is. */
  winner?: string | undefined;
  confidence?: number | undefined;
}

/** A canary or an experiment as it stands. Begun anew it is another one. */
export interface Trial {
  id: string;
  organisationId: string;
  /** Id of what it is about, such as a route, or of a prompt with its label; and how people call that. */
  subjectId: string;
  subjectName: string;
  spec: TrialSpec;
  state: TrialState;
  /** From 0 on. */
  step: number;
  stepStartedAt: Date;
  startedAt: Date;
  /** When it stopped RUNNING. */
  endedAt: Date | undefined;
  verdict: TrialVerdict | undefined;
}

/** What belongs to an arm of a trial. */
export interface TrialMember {
  trialId: string;
  arm: string;
}

/** Which arm of which trial a request belongs to, from its beginning on and whatever answers it. */
export interface Assignment extends TrialMember {
  kind: TrialKind;
  /** The arm's share of all requests, from 0 to 1. */
  share: number;
  /** The models of the arm. */
  models: readonly string[];
  /** All of them rested when the request came: the arm could not be tried. */
  isResting: boolean;
}
