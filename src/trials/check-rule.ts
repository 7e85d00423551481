import type { InputIssue } from '../domain/errors.ts';
import { METRIC_NAME, METRIC_NAME_RULE } from '../domain/metric.ts';
import { MEASURED_METRICS, type ExperimentRule } from '../domain/trial.ts';

const NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;
const NAME_RULE = 'use up to 64 of a-z, 0-9, ".", "_" and "-"';
const MAX_ARMS = 10;
const MAX_COUNT = 1_000_000;

/** Everything for which arms must not be compared so; paths begin in the experiment, messages go on after its place. */
export function checkRule({ name, arms, metric, confidence, minRequests }: ExperimentRule): InputIssue[] {
  const found: InputIssue[] = [];
  const check = (isRight: boolean, path: string[], message: string) => {
    if (!isRight) found.push({ path, message });
  };
  const range = (path: string[], value: number, [least, most]: [number, number]) =>
    check(value >= least && value <= most, path, `is ${value}; it must be from ${least} to ${most}`);
  check(NAME.test(name), ['name'], `is ${JSON.stringify(name)}; ${NAME_RULE}`);
  const isFew = arms.length >= 2 && arms.length <= MAX_ARMS;
  check(isFew, ['arms'], `holds ${arms.length}; it must hold from 2 to ${MAX_ARMS}`);
  const sharing = arms.filter(({ weight }) => weight !== 0).length;
  check(!isFew || sharing > 0, ['arms'], 'have weights that sum to zero; give at least two of them a share');
  check(
    !isFew || sharing !== 1,
    ['arms'],
    'leave only one with a share, so that nothing is compared; give another one a weight',
  );
  for (const [index, arm] of arms.entries()) {
    const at = ['arms', String(index)];
    check(NAME.test(arm.name), [...at, 'name'], `is ${JSON.stringify(arm.name)}; ${NAME_RULE}`);
    const first = arms.findIndex((other) => other.name === arm.name);
    check(first === index, [...at, 'name'], `repeats arms.${first}, ${JSON.stringify(arm.name)}`);
    range([...at, 'weight'], arm.weight, [0, MAX_COUNT]);
  }
  const isMeasured = (MEASURED_METRICS as readonly string[]).includes(metric);
  check(
    isMeasured || METRIC_NAME.test(metric),
    ['metric'],
    `is ${JSON.stringify(metric)}; ${METRIC_NAME_RULE}`,
  );
  range(['confidence'], confidence, [0.51, 0.9999]);
  range(['minRequests'], minRequests, [10, MAX_COUNT]);
  return found;
}
