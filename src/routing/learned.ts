/** What happened, faded: newer observations count more. */
interface Tally {
  good: number;
  bad: number;
}

/** What a LEARNED route knows of one target. A plain value: keep it anywhere, show it, or drop it to begin anew. */
export interface Arm {
  /** Calls ever observed. */
  pulls: number;
  success: Tally;
  /** Scores of people or judges, each from 0 to 1, split into its two parts. */
  feedback: Tally;
  /** Faded means; undefined: not observed. */
  costNanos: number | undefined;
  latencyMs: number | undefined;
}

/** How one call went, for learning. */
export interface Observation {
  succeeded: boolean;
  costNanos: number | undefined;
  latencyMs: number | undefined;
}

/** An arm as it is shown: chances are means, and `value` is what they come to without chance and deductions. */
export interface ArmView {
  target: string;
  pulls: number;
  success: number;
  /** Undefined: nobody has given any. */
  feedback: number | undefined;
  costNanos: number | undefined;
  latencyMs: number | undefined;
}

export const NOTHING_LEARNED: Arm = {
  pulls: 0,
  success: { good: 0, bad: 0 },
  feedback: { good: 0, bad: 0 },
  costNanos: undefined,
  latencyMs: undefined,
};

/** How much of a full success the dearest and the slowest target lose. */
export const LEARNED_WEIGHTS = { cost: 0.2, latency: 0.1 };

/** About as many calls count as this: a target that changes is noticed, and one that was bad gets another chance. */
const MEMORY_CALLS = 1_000;
const FADING = 1 - 1 / MEMORY_CALLS;
const MEAN_CALLS = 50;

/** The arm after one more call. */
export function learn(arm: Arm, { succeeded, costNanos, latencyMs }: Observation): Arm {
  return {
    pulls: arm.pulls + 1,
    success: fade(arm.success, succeeded ? 1 : 0),
    feedback: arm.feedback,
    costNanos: follow(arm.costNanos, costNanos, arm.pulls),
    latencyMs: follow(arm.latencyMs, latencyMs, arm.pulls),
  };
}

/** The arm after a score from 0 to 1, which may come long after its call. */
export function learnFeedback(arm: Arm, score: number): Arm {
  return { ...arm, feedback: fade(arm.feedback, Math.min(1, Math.max(0, score))) };
}

export function viewArm(target: string, { pulls, success, feedback, costNanos, latencyMs }: Arm): ArmView {
  const given = feedback.good + feedback.bad;
  return {
    target,
    pulls,
    success: (1 + success.good) / (2 + success.good + success.bad),
    feedback: given > 0 ? feedback.good / given : undefined,
    costNanos,
    latencyMs,
  };
}

function fade({ good, bad }: Tally, score: number): Tally {
  return { good: good * FADING + score, bad: bad * FADING + 1 - score };
}

/** A mean over what there is, later over about the last `MEAN_CALLS`. */
function follow(mean: number | undefined, value: number | undefined, before: number): number | undefined {
  if (mean === undefined || value === undefined) return value ?? mean;
  return mean + (value - mean) / Math.min(before + 1, MEAN_CALLS);
}
