import type { Trial } from '../domain/trial.ts';
import { ALL_STEPS, type Addend } from './sums.ts';

/** What somebody says of one completion. */
export interface Told {
  score: number | undefined;
  metrics: ReadonlyMap<string, number>;
}

/** What the sums of an arm change by, where something takes the place of what the same rater has said before. */
export function addendsOf({ spec }: Pick<Trial, 'spec'>, arm: string, before: Told, now: Told): Addend[] {
  const metric = spec.kind === 'CANARY' ? undefined : spec.experiment.metric;
  const changes = [
    { metric: 'feedback', was: before.score, is: now.score },
    ...(metric === undefined
      ? []
      : [{ metric, was: before.metrics.get(metric), is: now.metrics.get(metric) }]),
  ];
  return changes.flatMap(({ metric: name, was, is }) =>
    is === undefined ? [] : [{ step: ALL_STEPS, arm, metric: name, ...difference(was, is) }],
  );
}

function difference(was: number | undefined, is: number): Pick<Addend, 'count' | 'sum' | 'sumSquares'> {
  const before = was ?? 0;
  return {
    count: was === undefined ? 1 : 0,
    sum: is - before,
    sumSquares: is * is - before * before,
  };
}
