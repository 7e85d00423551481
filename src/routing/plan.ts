import type { Capability, Model } from '../domain/model.ts';
import type { RouteSpec, RouteStrategy, RouteTarget } from '../domain/route.ts';
import type { Assignment, Trial } from '../domain/trial.ts';
import { toFacts, type Conditions, type Facts } from './conditions.ts';
import { findObstacle, findResidencyObstacle, type Obstacle } from './obstacles.ts';
import type { RoutingRequest } from './request.ts';
import type { Signals } from './signals.ts';
import { STRATEGIES } from './strategies.ts';
import type { Option } from './strategy.ts';
import { findPromoted, tryOut } from './trial-plan.ts';

/** How deep routes may stand in routes. */
export const MAX_DEPTH = 8;

/** So many models of a route are tried at most. */
const TRIED_MAX = 10;

/** A route, or what is to become one. */
export interface PlannedRoute extends RouteSpec {
  version: number;
  /** What it tries out, and how far that is. */
  trial?: Trial | undefined;
}

/** What planning needs to know. Nothing here waits. */
export interface PlanDeps {
  /** A route of the caller's organisation. */
  findRoute(name: string): PlannedRoute | undefined;
  findModel(name: string): Model | undefined;
  conditions: Conditions;
  signals: Signals;
  /** From 0 to 1, without 1. */
  random(): number;
  /** Whether a canary may take no further request now; never, unless given. */
  isFull?(trial: Trial): boolean;
  /** Whether the request may belong to a trial; it may, unless given. */
  joinsTrials?: boolean;
  /** What is called for the name of a model now; the model itself, unless given. */
  nameNow?(model: string): string;
  /** What keeps the caller from a model that a route leads to; nothing, unless given. */
  findDenial?(model: string): Obstacle | undefined;
}

/** Where a request may go. */
export interface RoutePlan {
  /** Undefined where a model was asked for by its own name. */
  route: { name: string; version: number; strategy: RouteStrategy } | undefined;
  /** Each model once: first those to try, in this order, then those that cannot be, each with its reason. */
  candidates: Candidate[];
  /** Its arm in the trial that the route runs, if it belongs to one. */
  trial: Assignment | undefined;
}

/** One model of a plan. */
export interface Candidate {
  /** `provider/model`; of a route that cannot be followed, its name. */
  model: string;
  /** The routes that lead to it, the one that was asked for first; empty where there is none. */
  path: readonly string[];
  /** The innermost route's target. */
  target: RouteTarget;
  /** The numbers that put it into its place; those of a route in a route begin with its name: `cheap.costNanos`. */
  score: Record<string, number>;
  /** Undefined: it is to be tried. */
  skippedBecause: Obstacle | undefined;
}

/** What goes through one plan. */
interface Planning {
  deps: PlanDeps;
  request: RoutingRequest;
  needs: readonly Capability[];
  facts: Facts | undefined;
  /** Routes that are ready: each is planned once, however often it is named. */
  done: Map<string, Candidate[]>;
}

const PLAIN_TARGET = { weight: 1, condition: undefined, timeouts: {}, retries: 0, upTo: undefined };

/**
 * Puts everything that could answer into the order in which it is tried. Pure: what changes comes in by `deps`. A name
 * with a slash is a model; it is kept from no caller but by residency, since that is what was asked for.
 * @param name of a route in the place of what was asked for.
 */
export function planRoute(deps: PlanDeps, request: RoutingRequest, name = request.ask.model): RoutePlan {
  const route = name.includes('/') ? undefined : deps.findRoute(name);
  if (!route) return planModel(deps, request, name);
  const planning: Planning = {
    deps,
    request,
    needs: request.ask.needs,
    facts: undefined,
    done: new Map(),
  };
  const own = followRoute(planning, route, []);
  const { first, trial } = tryOut(route, own, {
    isOpen: deps.joinsTrials ?? true,
    request,
    follow: (target) => followTarget(planning, targetNow(deps, target), [name]),
    isFull: (running) => deps.isFull?.(running) ?? false,
    random: () => deps.random(),
  });
  const { version, strategy } = route;
  return { route: { name, version, strategy }, candidates: inOrder([...first, ...own]), trial };
}

/**
 * Those that are asked, one after the other. Where all that could answer rest, to ask them is better than to refuse; Envoy
 * calls it panic. What a vendor has asked to wait is waited for all the same, at its gate.
 */
export function listTried(candidates: readonly Candidate[]): Candidate[] {
  const usable = candidates.filter(({ skippedBecause }) => !skippedBecause);
  const tried =
    usable.length > 0
      ? usable
      : candidates.filter(({ skippedBecause }) => skippedBecause?.code === 'RESTING');
  return tried.slice(0, TRIED_MAX);
}

function planModel({ findModel }: PlanDeps, request: RoutingRequest, name: string): RoutePlan {
  const model = findModel(name);
  const candidate: Candidate = {
    model: name,
    path: [],
    target: { ...PLAIN_TARGET, model: name },
    score: {},
    skippedBecause: model ? findResidencyObstacle(model, request) : unknown(name),
  };
  return { route: undefined, candidates: [candidate], trial: undefined };
}

function followRoute(planning: Planning, route: PlannedRoute, outer: readonly string[]): Candidate[] {
  const path = [...outer, route.name];
  const skipped: Candidate[] = [];
  const byOption = new Map<Option, Candidate[]>();
  for (const given of route.targets) {
    const target = targetNow(planning.deps, given);
    const found = followTarget(planning, target, path);
    const usable = found.filter(({ skippedBecause }) => !skippedBecause);
    skipped.push(...found.filter(({ skippedBecause }) => skippedBecause));
    const lead = usable[0] && planning.deps.findModel(usable[0].model);
    if (lead) byOption.set({ target, lead }, usable);
  }
  const { signals, random } = planning.deps;
  const situation = { route, request: planning.request, signals, random };
  const ranked = STRATEGIES[route.strategy]([...byOption.keys()], situation);
  const tried = ranked.flatMap(({ option, score }) =>
    (byOption.get(option) ?? []).map((candidate) => ({
      ...candidate,
      score: withInner(score, candidate, path),
    })),
  );
  const promoted = findPromoted(route);
  const first = promoted ? followTarget(planning, targetNow(planning.deps, promoted), path) : [];
  const candidates = inOrder([...first, ...tried, ...skipped]);
  planning.done.set(route.name, candidates);
  return candidates;
}

/** A target whose model has ended may be the model in its place. */
function targetNow({ nameNow }: PlanDeps, target: RouteTarget): RouteTarget {
  const model = nameNow?.(target.model) ?? target.model;
  return model === target.model ? target : { ...target, model };
}

function followTarget(planning: Planning, target: RouteTarget, path: readonly string[]): Candidate[] {
  const { deps, request } = planning;
  const { model: name, condition } = target;
  const skip = (reason: Obstacle): Candidate[] => [
    { model: name, path, target, score: {}, skippedBecause: reason },
  ];
  if (condition !== undefined) {
    planning.facts ??= toFacts(request, planning.needs);
    const result = deps.conditions.test(condition, planning.facts);
    if (result !== true) {
      const message = `${result || `not ${condition}`}${tellFlagFaults(deps.conditions, condition, request)}`;
      return skip({ code: 'CONDITION', message });
    }
  }
  if (name.includes('/')) {
    const model = deps.findModel(name);
    const obstacle = model
      ? (findObstacle(model, request, planning.needs, deps.signals) ?? deps.findDenial?.(name))
      : unknown(name);
    return [{ model: name, path, target, score: {}, skippedBecause: obstacle }];
  }
  if (path.includes(name))
    return skip({ code: 'CYCLE', message: `${[...path, name].join(' → ')} goes in a circle` });
  const nested = deps.findRoute(name);
  if (!nested) return skip(unknown(name));
  if (path.length >= MAX_DEPTH) {
    return skip({
      code: 'TOO_DEEP',
      message: `${path.join(' → ')} is as deep as routes may stand in routes`,
    });
  }
  return (
    planning.done.get(name)?.map((candidate) => moveTo(candidate, name, path)) ??
    followRoute(planning, nested, path)
  );
}

function tellFlagFaults(
  conditions: Conditions,
  condition: string,
  { flagFaults = {} }: RoutingRequest,
): string {
  return conditions
    .listFlags(condition)
    .filter((name) => Object.hasOwn(flagFaults, name))
    .map((name) => `; the flag ${JSON.stringify(name)} counts as false: ${flagFaults[name]}`)
    .join('');
}

/** The numbers of an inner route stay, under its name. */
function withInner(score: Candidate['score'], inner: Candidate, path: readonly string[]): Candidate['score'] {
  const route = inner.path[path.length];
  if (route === undefined) return score;
  const entries = Object.entries(inner.score).map(([name, value]) => [`${route}.${name}`, value]);
  return { ...score, ...Object.fromEntries(entries) };
}

/** The same candidate reached by another way. */
function moveTo(candidate: Candidate, route: string, path: readonly string[]): Candidate {
  return { ...candidate, path: [...path, ...candidate.path.slice(candidate.path.indexOf(route))] };
}

/** Those to try come before those that cannot be. */
function inOrder(candidates: readonly Candidate[]): Candidate[] {
  const [usable, skipped] = [true, false].map((isUsable) =>
    candidates.filter(({ skippedBecause }) => !skippedBecause === isUsable),
  );
  return eachOnce([...usable!, ...skipped!]);
}

/** Of a model that several targets lead to the first stays: a second try would meet the same. */
function eachOnce(candidates: readonly Candidate[]): Candidate[] {
  const seen = new Set<string>();
  return candidates.filter(({ model }) => !seen.has(model) && seen.add(model));
}

function unknown(name: string): Obstacle {
  const what = name.includes('/') ? 'model' : 'route';
  return { code: 'UNKNOWN', message: `there is no ${what} ${JSON.stringify(name)}` };
}
