import { MEASURED_METRICS, type Trial } from '../domain/trial.ts';
import { armsOf, type TrialArm } from './arms.ts';
import { intervalOf } from '../lib/compare-means.ts';
import { compareArms, comparisonOf, type SumsOf } from './judge.ts';

/** The values of one metric of an arm. */
export interface MetricView {
  name: string;
  count: number;
  /** Of `cost` in USD. */
  mean: number;
  /** Undefined where the arms are not compared by it. */
  low: number | undefined;
  high: number | undefined;
}

export interface ArmView extends TrialArm {
  /** That it has answered or failed. */
  requests: number;
  failures: number;
  metrics: MetricView[];
}

const NANOS_PER_USD = 1e9;

/** How the arms of a trial stand, for people. */
export function viewTrial(trial: Trial, sumsOf: SumsOf): { arms: ArmView[]; confidence: number | undefined } {
  const { spec } = trial;
  const experiment = spec.kind === 'CANARY' ? undefined : spec.experiment;
  const names = new Set<string>([...MEASURED_METRICS, ...(experiment ? [experiment.metric] : [])]);
  const arms = armsOf(trial).map((arm, _place, { length }) => {
    const metrics = [...names].flatMap((name) => {
      const sums = sumsOf(arm.name, name);
      const unit = name === 'cost' ? NANOS_PER_USD : 1;
      const interval =
        experiment && name === experiment.metric
          ? intervalOf(sums, length, comparisonOf(experiment))
          : undefined;
      const [low, high] = [interval?.low, interval?.high].map((edge) =>
        edge === undefined ? undefined : edge / unit,
      );
      const { count, sum } = sums;
      return count === 0 ? [] : [{ name, count, mean: sum / count / unit, low, high }];
    });
    const { count, sum } = sumsOf(arm.name, 'success');
    return { ...arm, requests: count, failures: count - sum, metrics };
  });
  return { arms, confidence: experiment && compareArms(experiment, sumsOf)?.confidence };
}
