import { compareMeans, type Compared, type Comparison } from '../lib/compare-means.ts';
import type { Sums } from '../lib/mean-evidence.ts';
import {
  BASELINE_ARM,
  CANARY_ARM,
  type CanarySpec,
  type ExperimentRule,
  type PromptExperimentSpec,
  type Trial,
  type TrialState,
  type TrialVerdict,
} from '../domain/trial.ts';

/** The sums of an arm by metric: those of requests of the step that runs, those that people tell of all steps. */
export type SumsOf = (arm: string, metric: string) => Sums;

/** What a trial comes to, if it changes. */
export interface Decision {
  state: TrialState;
  step: number;
  verdict: TrialVerdict | undefined;
}

/** @param stepMs how long the step has lasted. */
export function judge({ spec, step }: Trial, sumsOf: SumsOf, stepMs: number): Decision | undefined {
  return spec.kind === 'CANARY'
    ? judgeCanary(spec.canary, { step, stepMs }, sumsOf)
    : (judgeExperiment(spec.experiment, step, sumsOf) ??
        (spec.kind === 'PROMPT_EXPERIMENT' ? findEnd(spec.experiment, step, sumsOf) : undefined));
}

/**
 * The rule of rollbacks, and when a step is through: after its time and its number of requests, and not before it was judged.
 */
function judgeCanary(
  { steps, rollBackWhen }: CanarySpec,
  { step, stepMs }: { step: number; stepMs: number },
  sumsOf: SumsOf,
): Decision | undefined {
  const fault = findFault({ rollBackWhen }, sumsOf);
  if (fault !== undefined) return { state: 'ROLLED_BACK', step, verdict: { message: fault } };
  const { minutes, requests } = steps[step]!;
  const { count } = sumsOf(CANARY_ARM, 'success');
  if (count < Math.max(requests, rollBackWhen.afterRequests) || stepMs < minutes * 60_000) return undefined;
  if (step + 1 < steps.length) return { state: 'RUNNING', step: step + 1, verdict: undefined };
  const message = `the canary has answered ${count} requests of its last step within the rule`;
  return { state: 'PROMOTED', step, verdict: { message } };
}

/** What of the rule the canary breaks, with the numbers of both; undefined while it keeps it, or is not judged yet. */
function findFault(
  { rollBackWhen: rule }: Pick<CanarySpec, 'rollBackWhen'>,
  sumsOf: SumsOf,
): string | undefined {
  const faults = [findBadRating(rule, sumsOf)];
  const answered = sumsOf(CANARY_ARM, 'success');
  if (answered.count >= rule.afterRequests) {
    faults.unshift(
      findErrors(rule, sumsOf),
      findExcess(rule, { metric: 'latency', limit: 'latencyRatioAbove' }, sumsOf),
      findExcess(rule, { metric: 'cost', limit: 'costRatioAbove' }, sumsOf),
    );
  }
  return faults.find((fault) => fault !== undefined);
}

type Rule = CanarySpec['rollBackWhen'];

function findErrors({ errorRateAbove: limit }: Rule, sumsOf: SumsOf): string | undefined {
  const [canary, baseline] = bothOf('success', sumsOf);
  if (limit === undefined || 1 - meanOf(canary) <= limit) return undefined;
  return `errorRateAbove ${limit}: the canary has failed ${failuresOf(canary)} requests, the baseline ${failuresOf(baseline)}`;
}

function findExcess(
  rule: Rule,
  { metric, limit: name }: { metric: 'latency' | 'cost'; limit: 'latencyRatioAbove' | 'costRatioAbove' },
  sumsOf: SumsOf,
): string | undefined {
  const limit = rule[name];
  const [canary, baseline] = bothOf(metric, sumsOf);
  const isComparable = sumsOf(BASELINE_ARM, 'success').count >= rule.afterRequests;
  if (limit === undefined || !isComparable || canary.count === 0 || baseline.count === 0) return undefined;
  if (meanOf(canary) <= limit * meanOf(baseline)) return undefined;
  const tell = (sums: Sums) => {
    const mean = meanOf(sums);
    return metric === 'cost' ? `${shorten(mean / 1e9)} USD` : `${shorten(mean)} ms`;
  };
  const what = metric === 'cost' ? 'a request costs' : 'the first token takes';
  return `${name} ${limit}: ${what} ${tell(canary)} with the canary (${canary.count} requests), ${tell(baseline)} with the baseline (${baseline.count})`;
}

function findBadRating({ feedbackBelow: limit, afterRatings }: Rule, sumsOf: SumsOf): string | undefined {
  const [canary, baseline] = bothOf('feedback', sumsOf);
  if (limit === undefined || canary.count < afterRatings || meanOf(canary) >= limit) return undefined;
  const others =
    baseline.count === 0
      ? 'nobody has scored the baseline'
      : `that of the baseline ${shorten(meanOf(baseline))} (${baseline.count})`;
  return `feedbackBelow ${limit}: the mean score of the canary is ${shorten(meanOf(canary))} (${canary.count} scores), ${others}`;
}

function judgeExperiment(spec: ExperimentRule, step: number, sumsOf: SumsOf): Decision | undefined {
  const { leader = 0, confidence = 0, isDecided } = compareArms(spec, sumsOf) ?? {};
  if (!isDecided) return undefined;
  const { name: winner } = spec.arms[leader]!;
  const better = spec.goal === 'MAXIMISE' ? 'highest' : 'lowest';
  const message = `${winner} has the ${better} ${spec.metric} of all arms, with a confidence of ${roundDown(confidence)}`;
  return { state: 'DECIDED', step, verdict: { message, winner, confidence } };
}

/** When the experiment has seen all that it was to see. */
function findEnd(
  { arms, metric, maxRequests = Infinity }: PromptExperimentSpec,
  step: number,
  sumsOf: SumsOf,
): Decision | undefined {
  if (arms.some(({ name }) => sumsOf(name, metric).count < maxRequests)) return undefined;
  const message = `each arm has ${maxRequests} values of ${metric}, and none is surely the best`;
  return { state: 'STOPPED', step, verdict: { message } };
}

/** Which arm of an experiment is ahead; undefined while some arm has too few values. */
export function compareArms(spec: ExperimentRule, sumsOf: SumsOf): Compared | undefined {
  const sums = spec.arms.map(({ name }) => sumsOf(name, spec.metric));
  return compareMeans(sums, comparisonOf(spec));
}

export function comparisonOf({ metric, goal, confidence, minRequests }: ExperimentRule): Comparison {
  const isUnit = metric === 'success' || metric === 'feedback';
  return { goal, confidence, minCount: minRequests, isUnit };
}

function bothOf(metric: string, sumsOf: SumsOf): [Sums, Sums] {
  return [sumsOf(CANARY_ARM, metric), sumsOf(BASELINE_ARM, metric)];
}

function meanOf({ count, sum }: Sums): number {
  return count === 0 ? 0 : sum / count;
}

function failuresOf({ count, sum }: Sums): string {
  return `${count - sum} of ${count}`;
}

/** Never as if it were certain. */
function roundDown(confidence: number): string {
  return String(Math.floor(confidence * 10_000) / 10_000);
}

/** For people: four digits are enough. */
function shorten(value: number): string {
  return String(Number(value.toPrecision(4)));
}
