/** What was observed, one after the other: each value counts a little less than the one that came after it. */
export interface Faded {
  /** How many there ever were. */
  count: number;
  /** All of them, each faded by what came since. */
  sum: number;
}

/** What a LEARNED route knows of one target. A plain value: keep it anywhere, show it, or drop it to begin anew. */
export interface Arm {
  /** Of each call 1 or 0. */
  success: Faded;
  /** Scores of people or judges, from 0 to 1. */
  feedback: Faded;
  costNanos: Faded;
  /** To the first token. */
  latencyMs: Faded;
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

const NEVER: Faded = { count: 0, sum: 0 };
export const NOTHING_LEARNED: Arm = { success: NEVER, feedback: NEVER, costNanos: NEVER, latencyMs: NEVER };

/** How much of a full success the dearest and the slowest target lose. */
export const LEARNED_WEIGHTS = { cost: 0.2, latency: 0.1 };

/** About as many calls count as this: a target that changes is noticed, and one that was bad gets another chance. */
const MEMORY_CALLS = 1_000;
const MEAN_CALLS = 50;

/** What is left of a value once another one has come. */
export const FADING: Readonly<Record<keyof Arm, number>> = {
  success: 1 - 1 / MEMORY_CALLS,
  feedback: 1 - 1 / MEMORY_CALLS,
  costNanos: 1 - 1 / MEAN_CALLS,
  latencyMs: 1 - 1 / MEAN_CALLS,
};

/** The arm after one more call. */
export function learn(arm: Arm, { succeeded, costNanos, latencyMs }: Observation): Arm {
  return {
    success: add(arm, 'success', succeeded ? 1 : 0),
    feedback: arm.feedback,
    costNanos: add(arm, 'costNanos', costNanos),
    latencyMs: add(arm, 'latencyMs', latencyMs),
  };
}

/** The arm after a score from 0 to 1, which may come long after its call. */
export function learnFeedback(arm: Arm, score: number): Arm {
  return { ...arm, feedback: add(arm, 'feedback', Math.min(1, Math.max(0, score))) };
}

/** The same arm as if it had learned all that both have, one after the other. */
export function joinArms(earlier: Arm, later: Arm): Arm {
  const join = (kind: keyof Arm): Faded => ({
    count: earlier[kind].count + later[kind].count,
    sum: earlier[kind].sum * FADING[kind] ** later[kind].count + later[kind].sum,
  });
  return {
    success: join('success'),
    feedback: join('feedback'),
    costNanos: join('costNanos'),
    latencyMs: join('latencyMs'),
  };
}

/** The good and the bad of what lies between 0 and 1, faded. */
export function tallyOf(arm: Arm, kind: 'success' | 'feedback'): { good: number; bad: number } {
  const good = arm[kind].sum;
  return { good, bad: weightOf(arm, kind) - good };
}

/** Undefined: nothing was observed. */
export function meanOf(arm: Arm, kind: keyof Arm): number | undefined {
  return arm[kind].count > 0 ? arm[kind].sum / weightOf(arm, kind) : undefined;
}

export function viewArm(target: string, arm: Arm): ArmView {
  const { good, bad } = tallyOf(arm, 'success');
  return {
    target,
    pulls: arm.success.count,
    success: (1 + good) / (2 + good + bad),
    feedback: meanOf(arm, 'feedback'),
    costNanos: meanOf(arm, 'costNanos'),
    latencyMs: meanOf(arm, 'latencyMs'),
  };
}

function add(arm: Arm, kind: keyof Arm, value: number | undefined): Faded {
  const { count, sum } = arm[kind];
  return value === undefined ? arm[kind] : { count: count + 1, sum: sum * FADING[kind] + value };
}

/** What as many values of 1 would come to. */
function weightOf(arm: Arm, kind: keyof Arm): number {
  return (1 - FADING[kind] ** arm[kind].count) / (1 - FADING[kind]);
}
