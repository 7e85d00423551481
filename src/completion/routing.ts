import type { Grant } from '../access/authorize.ts';
import type { AskFirst } from '../access/ask-first.ts';
import { remainingOf, type Budget } from '../domain/budget.ts';
import { ModelUnavailable } from '../domain/errors.ts';
import type { Model } from '../domain/model.ts';
import { isRouteName, type Route } from '../domain/route.ts';
import type { RouteDecision } from '../domain/route-decision.ts';
import { subjectsOf } from '../ledger/budgets/subjects.ts';
import type { Clock } from '../lib/clock.ts';
import type { RouteBook } from '../routing/book.ts';
import type { Conditions } from '../routing/conditions.ts';
import type { Measures } from '../routing/measures.ts';
import type { Obstacle } from '../routing/obstacles.ts';
import { planRoute, type Candidate, type RoutePlan } from '../routing/plan.ts';
import type { Signals } from '../routing/signals.ts';
import { goalsOf } from '../routing/trial-spec.ts';
import type { TrialWatch } from '../trials/watch.ts';
import { estimateInputTokens } from './ask-size.ts';
import { courseOf, type Course, type CourseTarget } from './course.ts';
import { open } from './opening.ts';
import { LIKELY_OUTPUT_TOKENS, plan, type Pricing } from './plan.ts';

/** So many models of a route are tried at most, and so many candidates are told of. */
const TRIED_MAX = 10;
const TOLD_MAX = 50;
const NO_MODEL = { model: '', provider: '' };
const NO_OPENING = { idempotencyKey: undefined, askHash: '', traceId: '' };

/** What choosing models needs. */
export interface RoutingDeps {
  book: Pick<RouteBook, 'find'>;
  measures: Measures;
  conditions: Conditions;
  pricing: Pricing & { findModel(name: string): Model | undefined };
  askFirst: Pick<AskFirst, 'has'>;
  clock: Clock;
  trials: Pick<TrialWatch, 'isFull' | 'enter'>;
  /** The budgets that hold for these subjects; asked only for routes with a condition on what is used. */
  listBudgetsOn(organisationId: string, subjects: readonly string[]): Promise<Budget[]>;
}

/** Which models answer an ask for a route or a model. */
export interface Routing {
  /**
   * @throws ModelUnavailable when there is no such model or route, or none of its models can answer; Forbidden for a model
   * where the caller's requests may not go.
   */
  choose(grant: Grant): Course | Promise<Course>;
  /** The same, without taking a turn: nothing changes by looking. */
  preview(grant: Grant): Course | Promise<Course>;
  /** How a route would decide; undefined for what is no route. Nothing is called. */
  explain(grant: Grant): Promise<RouteDecision | undefined>;
}

export function createRouting(deps: RoutingDeps): Routing {
  const finderFor =
    ({ who }: Grant) =>
    (name: string) =>
      deps.book.find(who.organisationId, name);
  const findRoute = (grant: Grant): Route | undefined =>
    isRouteName(grant.ask.model) ? finderFor(grant)(grant.ask.model) : undefined;

  function decide(grant: Grant, takesTurn: boolean, budgetUsed: number): RoutePlan {
    const { who, ask } = grant;
    const signals = signalsFor(deps, who.organisationId, takesTurn);
    return planRoute(
      {
        findRoute: finderFor(grant),
        findModel: deps.pricing.findModel,
        conditions: deps.conditions,
        signals,
        random: Math.random,
        isFull: (trial) => deps.trials.isFull(trial),
        findDenial: (model) => findDenial(deps.askFirst, grant, model),
      },
      {
        ask,
        team: who.teamId,
        region: undefined,
        allowedRegions: who.regions,
        inputTokens: estimateInputTokens(ask),
        outputTokens: ask.params.maxOutputTokens ?? LIKELY_OUTPUT_TOKENS,
        budgetUsed,
        flags: {},
        at: deps.clock.now(),
      },
    );
  }

  function choose(grant: Grant, takesTurn: boolean): Course | Promise<Course> {
    const route = findRoute(grant);
    if (!route) return courseOf(plan(grant, deps.pricing, deps.clock.now()));
    const follow = (budgetUsed: number) => {
      const course = toCourse(deps, grant, route, decide(grant, takesTurn, budgetUsed));
      // Nothing comes between the plan and this, so no canary takes more than it may.
      if (takesTurn && course.trial) deps.trials.enter(course.trial);
      return course;
    };
    return asksForBudgets(route, finderFor(grant)) ? usedShare(deps, grant).then(follow) : follow(0);
  }

  return {
    choose: (grant) => choose(grant, true),
    preview: (grant) => choose(grant, false),
    async explain(grant) {
      const route = findRoute(grant);
      if (!route) return undefined;
      const budgetUsed = asksForBudgets(route, finderFor(grant)) ? await usedShare(deps, grant) : 0;
      return toDecision(route, decide(grant, false, budgetUsed));
    },
  };
}

function signalsFor(
  { measures, pricing, clock }: RoutingDeps,
  organisationId: string,
  takesTurn: boolean,
): Signals {
  const signals = measures.signalsFor(organisationId, (model, usage) => {
    const price = pricing.priceFor(model, organisationId, clock.now());
    return price && pricing.costOf(price, usage);
  });
  return takesTurn ? signals : { ...signals, takeTurn: () => 0 };
}

/** A model that takes an approval is not reached by a detour, unless it or the route was granted. */
function findDenial(
  askFirst: Pick<AskFirst, 'has'>,
  { who, ask }: Grant,
  model: string,
): Obstacle | undefined {
  const isGranted = who.granted?.names.has(model) || who.granted?.names.has(ask.model);
  if (isGranted || !askFirst.has(who.organisationId, model)) return undefined;
  return { code: 'APPROVAL', message: `${model} takes an approval` };
}

function toCourse(
  { pricing, clock, measures }: RoutingDeps,
  grant: Grant,
  route: Route,
  planned: RoutePlan,
): Course {
  const at = clock.now();
  const { trial } = planned;
  const [first, ...others] = listTried(planned.candidates)
    .slice(0, TRIED_MAX)
    .map(({ model, path, target: { timeouts, retries } }): CourseTarget => ({
      planned: { ...plan(grant, pricing, at, model), path, trial },
      timeouts,
      retries,
    }));
  if (!first) throw nobodyLeft(route, planned);
  return {
    targets: [first, ...others],
    onCut: route.onCut,
    fallbackOn: new Set(route.fallbackOn),
    repairs: route.repairs,
    trial,
    // Another arm that answers instead would hide how slow the first one is.
    hedgeAfterMs:
      route.hedgePercentile === undefined || trial
        ? undefined
        : measures.health.usualMs(first.planned.model.name, route.hedgePercentile),
    decision: toDecision(route, planned),
  };
}

/**
 * Where all that could answer rest, to ask them is better than to refuse; Envoy calls it panic. What a vendor has asked to
 * wait is waited for all the same, at its gate.
 */
function listTried(candidates: readonly Candidate[]): Candidate[] {
  const usable = candidates.filter(({ skippedBecause }) => !skippedBecause);
  return usable.length > 0
    ? usable
    : candidates.filter(({ skippedBecause }) => skippedBecause?.code === 'RESTING');
}

function nobodyLeft({ name }: Route, { candidates }: RoutePlan): ModelUnavailable {
  const reasons = [...new Set(candidates.map(({ skippedBecause }) => skippedBecause?.message))].slice(0, 5);
  return new ModelUnavailable(
    `no model of the route ${JSON.stringify(name)} can answer this: ${reasons.join('; ')}`,
  );
}

function toDecision({ name, version, strategy }: Route, { candidates, trial }: RoutePlan): RouteDecision {
  return {
    name,
    version,
    strategy,
    trial,
    candidates: candidates.slice(0, TOLD_MAX).map(({ model, path, score, skippedBecause }) => ({
      model,
      path,
      score,
      skippedBecause: skippedBecause?.message,
    })),
  };
}

/** Also where a route that stands in it does. */
function asksForBudgets(
  route: Route,
  find: (name: string) => Route | undefined,
  seen = new Set<string>(),
): boolean {
  if (seen.has(route.name)) return false;
  seen.add(route.name);
  if (route.targets.some(({ condition }) => condition?.includes('budgetUsed'))) return true;
  return goalsOf(route).some((model) => {
    const inner = isRouteName(model) ? find(model) : undefined;
    return inner !== undefined && asksForBudgets(inner, find, seen);
  });
}

/** Of the budget that has the least left: what is used and held of it. */
async function usedShare({ listBudgetsOn, clock }: RoutingDeps, grant: Grant): Promise<number> {
  const { model, provider } = NO_MODEL;
  const about = open({ grant, model: { name: model, provider }, price: undefined }, NO_OPENING, clock.now());
  const budgets = await listBudgetsOn(grant.who.organisationId, subjectsOf(about));
  return Math.max(
    0,
    ...budgets.map(({ current }) => 1 - Number(remainingOf(current)) / Number(current.limit)),
  );
}
