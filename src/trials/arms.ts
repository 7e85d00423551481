import type { StickyKey } from '../domain/route.ts';
import { BASELINE_ARM, CANARY_ARM, type Trial } from '../domain/trial.ts';
import { toUnit } from '../lib/unit-hash.ts';

/** An arm of a trial, and how much it takes now. */
export interface TrialArm {
  name: string;
  /** Undefined for the baseline of a canary: what would answer without it. */
  model: string | undefined;
  /** Of a prompt. */
  version?: number | undefined;
  /** From 0 to 1; those of all arms make 1. */
  share: number;
}

export function armsOf({ spec, state, step }: Pick<Trial, 'spec' | 'state' | 'step'>): TrialArm[] {
  if (spec.kind !== 'CANARY') {
    const { arms } = spec.experiment;
    const total = arms.reduce((sum, { weight }) => sum + weight, 0);
    return arms.map(({ name, weight, ...arm }) => ({
      name,
      model: 'model' in arm ? arm.model : undefined,
      version: 'version' in arm ? arm.version : undefined,
      share: weight / total,
    }));
  }
  const { model, steps } = spec.canary;
  const percents = {
    PROMOTED: 100,
    ROLLED_BACK: 0,
    DECIDED: 0,
    STOPPED: 0,
    RUNNING: steps[step]?.percent ?? 0,
  };
  const share = percents[state] / 100;
  return [
    { name: CANARY_ARM, model, share },
    { name: BASELINE_ARM, model: undefined, share: 1 - share },
  ];
}

export function stickyKeyOf({ spec }: Pick<Trial, 'spec'>): StickyKey {
  return spec.kind === 'CANARY' ? spec.canary.stickyBy : spec.experiment.stickyBy;
}

/**
 * The arm of a request: of the same key always the same one. As the share of a canary grows those that were in it stay.
 * @param key what stays with one arm; undefined where nothing is known of the request that could: then it is drawn.
 */
export function chooseArm(trial: Trial, key: string | undefined, random: () => number): TrialArm {
  const arms = armsOf(trial);
  let left = key === undefined ? random() : toUnit(`${trial.id}\n${key}`);
  for (const arm of arms) {
    if (left < arm.share) return arm;
    left -= arm.share;
  }
  // What rounding has left over.
  return arms.findLast(({ share }) => share > 0) ?? arms.at(-1)!;
}
