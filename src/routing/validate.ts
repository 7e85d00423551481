import type { InputIssue } from '../domain/errors.ts';
import type { Model } from '../domain/model.ts';
import type { RouteSpec, RouteTarget } from '../domain/route.ts';
import { checkCondition } from './conditions.ts';
import { findResidencyObstacle } from './obstacles.ts';
import { MAX_DEPTH } from './plan.ts';
import { depthOf, findCycle, listLeaves } from './reach.ts';
import { checkTrial } from './validate-trial.ts';

const NAME = /^[a-z0-9][a-z0-9._-]*$/;
const MAX_NAME_CHARS = 64;
const MAX_TARGETS = 300;
const MAX_NAMED = 10;

/** What there is beside the route. */
export interface RoutingWorld {
  findModel(name: string): Model | undefined;
  /** Whether the organisation has given the name to a model that has one already; it has not, unless given. */
  isAlias?(name: string): boolean;
  /** Another route of the organisation. */
  findRoute(name: string): RouteSpec | undefined;
  /** Where the organisation's requests may go; undefined: anywhere. */
  allowedRegions: readonly string[] | undefined;
}

/**
 * Everything for which a route must not be saved, each with its place.
 * @param at where the route stands in the caller's own document, for the paths.
 */
export function validateRoute(spec: RouteSpec, world: RoutingWorld, at: string[] = ['input']): InputIssue[] {
  const found = [
    ...checkName(spec),
    ...checkCut(spec, world),
    ...checkTargetList(spec),
    ...spec.targets.flatMap((target, index) => checkTarget(spec, target, index, world)),
    ...checkTrial(spec, (goal) => checkGoal(spec, goal, world) ?? checkGoalResidency(spec, goal, world)),
    ...checkReach(spec),
    ...checkResidency(spec, world),
    ...checkShadow(spec, world),
  ];
  return found.map(({ path, message }) => {
    const full = [...at, ...path];
    return { path: full, message: `${full.join('.')} ${message}` };
  });
}

function issue(path: string[], message: string): InputIssue {
  return { path, message };
}

/** It would be a promise that nobody keeps. */
function checkCut(spec: RouteSpec, { findModel, findRoute }: RoutingWorld): InputIssue[] {
  if (spec.onCut !== 'CONTINUE') return [];
  const models = listLeaves(spec, findRoute).flatMap((name) => findModel(name) ?? []);
  if (models.length === 0 || models.some(({ continues }) => continues)) return [];
  const names = models.slice(0, MAX_NAMED).map(({ name }) => name);
  const more = models.length > MAX_NAMED ? ` and ${models.length - MAX_NAMED} more` : '';
  const none = `is CONTINUE, but none of its models can go on from the beginning of an answer: ${names.join(', ')}`;
  return [issue(['onCut'], `${none}${more}; take FAIL or RESTART, or add a model that can`)];
}

function checkName({ name }: RouteSpec): InputIssue[] {
  if (name.includes('/')) return [issue(['name'], 'holds a slash; names with one are those of models')];
  if (NAME.test(name) && name.length <= MAX_NAME_CHARS) return [];
  return [
    issue(['name'], `is ${JSON.stringify(name)}; use up to ${MAX_NAME_CHARS} of a-z, 0-9, ".", "_" and "-"`),
  ];
}

function checkTargetList({ strategy, targets }: RouteSpec): InputIssue[] {
  if (targets.length === 0) return [issue(['targets'], 'is empty; a route needs at least one target')];
  if (targets.length > MAX_TARGETS)
    return [issue(['targets'], `holds ${targets.length}; at most ${MAX_TARGETS} are taken`)];
  const isWeighted = strategy === 'WEIGHTED' || strategy === 'STICKY';
  if (isWeighted && targets.every(({ weight }) => weight === 0))
    return [issue(['targets'], 'have weights that sum to zero; give at least one of them a share')];
  return [];
}

function checkTarget(spec: RouteSpec, target: RouteTarget, index: number, world: RoutingWorld): InputIssue[] {
  const at = ['targets', String(index)];
  const issues: InputIssue[] = [];
  const report = (field: keyof RouteTarget, message: string | undefined) => {
    if (message !== undefined) issues.push(issue([...at, field], message));
  };
  report('model', checkGoal(spec, target.model, world));
  report('condition', target.condition === undefined ? undefined : checkCondition(target.condition));
  if (!(target.weight >= 0 && target.weight < Infinity))
    report('weight', `is ${target.weight}; it must be 0 or more`);
  if (target.upTo !== undefined && !(target.upTo >= 0 && target.upTo <= 1))
    report('upTo', `is ${target.upTo}; it must be from 0 to 1`);
  const same = ({ model, condition }: RouteTarget) =>
    model === target.model && (condition === undefined || condition === target.condition);
  const first = spec.targets.slice(0, index).findIndex(same);
  if (first >= 0) report('model', `repeats targets.${first}, ${JSON.stringify(target.model)}`);
  return issues;
}

/** What is wrong with where a target, an arm of a trial or a copy leads. */
function checkGoal(spec: RouteSpec, goal: string, world: RoutingWorld): string | undefined {
  const { name } = spec;
  if (goal === name) return `is ${JSON.stringify(goal)}, the route itself`;
  if (!goal.includes('/')) {
    const findRoute = (route: string) => (route === name ? spec : world.findRoute(route));
    if (!findRoute(goal)) return `is ${JSON.stringify(goal)}; there is no such route`;
    const cycle = findCycle(name, goal, findRoute);
    if (cycle) return `goes in a circle: ${cycle.join(' → ')}`;
    const depth = 1 + depthOf(goal, findRoute);
    return depth > MAX_DEPTH
      ? `makes ${depth} routes that stand in one another; at most ${MAX_DEPTH} may`
      : undefined;
  }
  if (world.isAlias?.(goal)) return `is ${JSON.stringify(goal)}, an alias; name the model that it leads to`;
  const model = world.findModel(goal);
  if (!model) return `is ${JSON.stringify(goal)}; no configured provider has such a model`;
  return model.capabilities.includes('TEXT')
    ? undefined
    : `is ${JSON.stringify(goal)}, which does not answer with text`;
}

/** Targets that nothing ever comes to. */
function checkReach({ strategy, targets, fallbackOn }: RouteSpec): InputIssue[] {
  if (fallbackOn.length > 0) return [];
  const hint = 'is never reached: no other target falls back to it, since fallbackOn is empty';
  if (strategy === 'PRIORITY') {
    const last = targets.findIndex(({ condition }) => condition === undefined);
    const isBehind = (index: number) => last >= 0 && index > last;
    return targets.flatMap((_, index) =>
      isBehind(index)
        ? [issue(['targets', String(index)], `${hint} and targets.${last} takes all requests`)]
        : [],
    );
  }
  if (strategy !== 'WEIGHTED' && strategy !== 'STICKY') return [];
  const always = targets.some(({ weight, condition }) => weight > 0 && condition === undefined);
  return targets.flatMap(({ weight }, index) =>
    always && weight === 0 ? [issue(['targets', String(index)], `${hint} and its weight is 0`)] : [],
  );
}

function checkResidency(spec: RouteSpec, world: RoutingWorld): InputIssue[] {
  const why = findNoWay(spec, world);
  return why === undefined ? [] : [issue(['targets'], `lead to no model in an allowed region: ${why}`)];
}

/** A copy goes where the request itself may go. */
function checkShadow(spec: RouteSpec, world: RoutingWorld): InputIssue[] {
  const goal = spec.shadow?.model;
  if (goal === undefined) return [];
  const wrong = checkGoal(spec, goal, world) ?? checkGoalResidency(spec, goal, world);
  return wrong === undefined ? [] : [issue(['shadow', 'model'], wrong)];
}

function checkGoalResidency({ name }: RouteSpec, goal: string, world: RoutingWorld): string | undefined {
  const why = findNoWay({ name, targets: [{ model: goal }] }, world);
  return why === undefined ? undefined : `leads to no model in an allowed region: ${why}`;
}

/** Why the rules of residency leave a route no target; undefined when they leave it one. */
export function findNoWay(spec: Parameters<typeof listLeaves>[0], world: RoutingWorld): string | undefined {
  const { allowedRegions } = world;
  if (!allowedRegions) return undefined;
  const models = listLeaves(spec, world.findRoute).flatMap((name) => world.findModel(name) ?? []);
  const obstacles = models.map((model) => findResidencyObstacle(model, { allowedRegions }));
  if (models.length === 0 || obstacles.some((obstacle) => !obstacle)) return undefined;
  return obstacles.flatMap((obstacle) => obstacle?.message ?? []).join('; ');
}
