import { isDeepStrictEqual } from 'node:util';
import type { RouteSpec } from '../domain/route.ts';
import type { TrialSpec } from '../domain/trial.ts';

type Trying = Pick<RouteSpec, 'canary' | 'experiment'>;

/** What a route tries out, if anything. */
export function trialSpecOf({ canary, experiment }: Trying): TrialSpec | undefined {
  if (canary) return { kind: 'CANARY', canary };
  return experiment && { kind: 'EXPERIMENT', experiment };
}

/** Whether two versions of a route try the same, so that the later one goes on with it. */
export function isSameTrial(one: Trying, other: Trying): boolean {
  return isDeepStrictEqual(plain(trialSpecOf(one)), plain(trialSpecOf(other)));
}

/** As much of a route as says where it leads. */
export interface Goals {
  targets: readonly Goal[];
  canary?: Goal | undefined;
  experiment?: { arms: readonly Goal[] } | undefined;
}

interface Goal {
  model: string;
}

/** Every name of a model or a route that a route leads to. */
export function goalsOf({ targets, canary, experiment }: Goals): string[] {
  const arms = experiment?.arms ?? [];
  return [...targets, ...(canary ? [canary] : []), ...arms].map(({ model }) => model);
}

/** The same, and where copies go. */
export function listNamed({ shadow, ...goals }: Goals & { shadow?: Goal | undefined }): string[] {
  return [...goalsOf(goals), ...(shadow ? [shadow.model] : [])];
}

/** The same route with other names for some of what it names. */
export function renameGoals(spec: RouteSpec, nameOf: (name: string) => string): RouteSpec {
  const rename = <G extends Goal>(goal: G): G => ({ ...goal, model: nameOf(goal.model) });
  const { targets, canary, experiment, shadow } = spec;
  return {
    ...spec,
    targets: targets.map(rename),
    canary: canary && rename(canary),
    experiment: experiment && { ...experiment, arms: experiment.arms.map(rename) },
    shadow: shadow && rename(shadow),
  };
}

/** A member that is undefined says as much as one that is not there. */
function plain(spec: TrialSpec | undefined): unknown {
  return spec && (JSON.parse(JSON.stringify(spec)) as unknown);
}
