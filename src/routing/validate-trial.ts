import type { InputIssue } from '../domain/errors.ts';
import type { RouteSpec } from '../domain/route.ts';
import { type CanarySpec, type ExperimentSpec, type RollbackRule } from '../domain/trial.ts';
import { checkRule } from '../trials/check-rule.ts';

const MAX_STEPS = 20;
const MAX_COUNT = 1_000_000;
/** A year. */
const MAX_MINUTES = 525_600;

type Trying = Pick<RouteSpec, 'targets' | 'canary' | 'experiment'>;
/** Finds what is wrong with where an arm leads. */
type CheckGoal = (goal: string) => string | undefined;

/** Everything for which the canary or the experiment of a route must not be saved. */
export function checkTrial(spec: Trying, checkGoal: CheckGoal): InputIssue[] {
  const { canary, experiment } = spec;
  if (canary && experiment) {
    const message = 'stands beside a canary; a route has one or the other';
    return [{ path: ['experiment'], message }];
  }
  if (canary) return checkCanary(canary, spec, checkGoal);
  return experiment ? checkExperiment(experiment, checkGoal) : [];
}

function checkCanary(canary: CanarySpec, { targets }: Trying, checkGoal: CheckGoal): InputIssue[] {
  const issues = collector('canary');
  issues.add(['model'], checkGoal(canary.model));
  if (targets.length === 1 && targets[0]!.model === canary.model)
    issues.add(['model'], `is ${JSON.stringify(canary.model)}, which the route takes anyway`);
  const { steps } = canary;
  if (steps.length === 0 || steps.length > MAX_STEPS)
    issues.add(['steps'], `holds ${steps.length}; it must hold from 1 to ${MAX_STEPS}`);
  for (const [index, { percent, minutes, requests }] of steps.entries()) {
    const at = ['steps', String(index)];
    const before = steps[index - 1]?.percent ?? 0;
    if (!(percent > 0 && percent <= 100))
      issues.add([...at, 'percent'], `is ${percent}; it must be more than 0 and at most 100`);
    else if (percent <= before)
      issues.add([...at, 'percent'], `is ${percent}; a step must take more than the one before, ${before}`);
    issues.range([...at, 'minutes'], minutes, [0, MAX_MINUTES]);
    issues.range([...at, 'requests'], requests, [0, MAX_COUNT]);
  }
  checkRollback(canary.rollBackWhen, issues);
  return issues.found;
}

function checkRollback(rule: RollbackRule, issues: Issues): void {
  const at = (name: keyof RollbackRule) => ['rollBackWhen', name];
  const { errorRateAbove, latencyRatioAbove, costRatioAbove, feedbackBelow } = rule;
  const limits = { errorRateAbove, latencyRatioAbove, costRatioAbove, feedbackBelow };
  if (Object.values(limits).every((limit) => limit === undefined))
    issues.add(['rollBackWhen'], `says nothing to judge by; give one of ${Object.keys(limits).join(', ')}`);
  issues.range(at('afterRequests'), rule.afterRequests, [1, MAX_COUNT]);
  issues.range(at('afterRatings'), rule.afterRatings, [1, MAX_COUNT]);
  issues.range(at('errorRateAbove'), errorRateAbove, [0, 1]);
  issues.range(at('latencyRatioAbove'), latencyRatioAbove, [0.01, 1_000]);
  issues.range(at('costRatioAbove'), costRatioAbove, [0.01, 1_000]);
  issues.range(at('feedbackBelow'), feedbackBelow, [0, 1]);
}

function checkExperiment(spec: ExperimentSpec, checkGoal: CheckGoal): InputIssue[] {
  const issues = collector('experiment');
  for (const { path, message } of checkRule(spec)) issues.add(path, message);
  for (const [index, { model }] of spec.arms.entries())
    issues.add(['arms', String(index), 'model'], checkGoal(model));
  return issues.found;
}

interface Issues {
  found: InputIssue[];
  /** Nothing is wrong where there is no message. */
  add(path: string[], message: string | undefined): void;
  range(path: string[], value: number | undefined, [least, most]: [number, number]): void;
}

function collector(part: 'canary' | 'experiment'): Issues {
  const found: InputIssue[] = [];
  const add: Issues['add'] = (path, message) => {
    if (message !== undefined) found.push({ path: [part, ...path], message });
  };
  return {
    found,
    add,
    range(path, value, [least, most]) {
      if (value !== undefined && !(value >= least && value <= most))
        add(path, `is ${value}; it must be from ${least} to ${most}`);
    },
  };
}
