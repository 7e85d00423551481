import type { RouteTarget } from '../domain/route.ts';
import type { Assignment, Trial } from '../domain/trial.ts';
import { armsOf, chooseArm, stickyKeyOf, type TrialArm } from '../trials/arms.ts';
import type { Candidate, PlannedRoute } from './plan.ts';
import type { RoutingRequest } from './request.ts';

/** Settings of the target that an arm is, where a route says nothing of it. */
const ARM_TARGET = { weight: 1, condition: undefined, timeouts: {}, retries: 1, upTo: undefined };

/** What it takes to find out which arm a request belongs to. */
export interface TrialSituation {
  /** The request may belong to a trial at all. */
  isOpen: boolean;
  request: RoutingRequest;
  /** The candidates behind a target. */
  follow(target: RouteTarget): Candidate[];
  isFull(trial: Trial): boolean;
  random(): number;
}

/** The candidates of an arm, before all others, and what the request belongs to. */
export interface Tried {
  first: Candidate[];
  trial: Assignment | undefined;
}

const NOTHING: Tried = { first: [], trial: undefined };

/**
 * What the canary or the experiment of a route makes of a request. One that some arm could not answer, whatever its state,
 * belongs to no arm: they would not be compared by the same kind of requests.
 */
export function tryOut(route: PlannedRoute, own: readonly Candidate[], situation: TrialSituation): Tried {
  const { trial } = route;
  if (!situation.isOpen || !trial || trial.state === 'ROLLED_BACK' || trial.state === 'PROMOTED')
    return NOTHING;
  const arms = armsOf(trial);
  const behind = new Map(
    arms.map(({ name, model }) => {
      const found = model === undefined ? own : situation.follow(armTarget(route, model));
      return [name, found.filter(isAble)];
    }),
  );
  if (arms.some(({ name }) => behind.get(name)!.length === 0)) return NOTHING;
  const chosen = choose(trial, arms, situation);
  const found = behind.get(chosen.name)!;
  return {
    first: chosen.model === undefined ? [] : found,
    trial: {
      trialId: trial.id,
      kind: trial.spec.kind,
      arm: chosen.name,
      share: chosen.share,
      models: found.map(({ model }) => model),
      isResting: found.every(({ skippedBecause }) => skippedBecause),
    },
  };
}

/** The canary of a route that has taken over: it comes before all targets, wherever the route stands. */
export function findPromoted(route: PlannedRoute): RouteTarget | undefined {
  const { trial } = route;
  return trial?.state === 'PROMOTED' && trial.spec.kind === 'CANARY'
    ? armTarget(route, trial.spec.canary.model)
    : undefined;
}

function choose(trial: Trial, arms: TrialArm[], { request, isFull, random }: TrialSituation): TrialArm {
  const arm = chooseArm(trial, keyOf(trial, request), random);
  const isCanary = trial.spec.kind === 'CANARY' && arm.model !== undefined;
  return isCanary && isFull(trial) ? arms.find(({ model }) => model === undefined)! : arm;
}

function keyOf(trial: Trial, { ask }: RoutingRequest): string | undefined {
  if (stickyKeyOf(trial) === 'CONVERSATION') return `conversation ${ask.conversation}`;
  return ask.endUserId === undefined ? undefined : `user ${ask.endUserId}`;
}

/** As the route asks the same model otherwise, if it does. */
function armTarget({ targets }: PlannedRoute, model: string): RouteTarget {
  const { timeouts, retries } = targets.find((target) => target.model === model) ?? ARM_TARGET;
  return { ...ARM_TARGET, model, timeouts, retries };
}

/** One that only rests is able to answer: that it does not is a failure of its arm. */
function isAble({ skippedBecause }: Candidate): boolean {
  return !skippedBecause || skippedBecause.code === 'RESTING';
}
