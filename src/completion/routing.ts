import type { Grant } from '../access/authorize.ts';
import type { AskFirst } from '../access/ask-first.ts';
import type { Budget } from '../domain/budget.ts';
import { ModelUnavailable } from '../domain/errors.ts';
import type { Model } from '../domain/model.ts';
import { isRouteName, type Route } from '../domain/route.ts';
import type { RouteDecision } from '../domain/route-decision.ts';
import type { Clock } from '../lib/clock.ts';
import type { RouteBook } from '../routing/book.ts';
import type { Conditions } from '../routing/conditions.ts';
import type { Flags } from '../routing/flags.ts';
import type { Measures } from '../routing/measures.ts';
import { listTried, planRoute, type RoutePlan } from '../routing/plan.ts';
import type { Signals } from '../routing/signals.ts';
import type { TrialWatch } from '../trials/watch.ts';
import { courseOf, type Course, type CourseTarget } from './course.ts';
import { findOut, listConditions, NOTHING, type Found } from './condition-facts.ts';
import type { Detour } from './detour.ts';
import { findDenial, planNamed } from './names-now.ts';
import { LIKELY_OUTPUT_TOKENS, plan, type Pricing } from './plan.ts';
import { sizeUp } from './sized-ask.ts';

/** So many candidates are told of. */
const TOLD_MAX = 50;

/** What choosing models needs. */
export interface RoutingDeps {
  book: Pick<RouteBook, 'find'>;
  measures: Measures;
  conditions: Conditions;
  flags: Pick<Flags, 'evaluate'>;
  pricing: Pricing & {
    findModel(name: string): Model | undefined;
    /** The model that a name leads to by an alias. */
    findAlias(organisationId: string, name: string): string | undefined;
  };
  askFirst: Pick<AskFirst, 'has'>;
  clock: Clock;
  trials: Pick<TrialWatch, 'isFull' | 'enter'>;
  /** The budgets that hold for these subjects; asked only for routes with a condition on what is used. */
  listBudgetsOn(organisationId: string, subjects: readonly string[]): Promise<Budget[]>;
}

/** Where a request comes from. */
export interface Whereabouts {
  /** Address of the client. */
  ip: string;
  /** By the word of a proxy that is trusted; undefined: nobody has said. */
  region: string | undefined;
}

type From = Pick<Whereabouts, 'region'>;
/** What a plan depends on beside the ask and the clock. */
type Known = Found & From;

/** Which models answer an ask for a route or a model. */
export interface Routing {
  /**
   * @throws ModelUnavailable when there is no such model or route, or none of its models can answer; Forbidden for a model
   * where the caller's requests may not go.
   * @param detour is followed in the place of what was asked for.
   */
  choose(grant: Grant, from: From, detour?: Detour): Course | Promise<Course>;
  /** The same, without taking a turn: nothing changes by looking. */
  preview(grant: Grant, from: From): Course | Promise<Course>;
  /** How a route would decide; undefined for what is no route. Nothing is called. */
  explain(grant: Grant, from: From): Promise<RouteDecision | undefined>;
}

export function createRouting(deps: RoutingDeps): Routing {
  const finderFor =
    ({ who }: Grant) =>
    (name: string) =>
      deps.book.find(who.organisationId, name);
  const findRoute = (grant: Grant, name = grant.ask.model): Route | undefined =>
    isRouteName(name) ? deps.book.find(grant.who.organisationId, name) : undefined;

  function decide(grant: Grant, route: Route, takesTurn: boolean, known: Known): RoutePlan {
    const { who, ask } = grant;
    const at = deps.clock.now();
    const signals = signalsFor(deps, who.organisationId, takesTurn);
    const { facts, inputTokens } = sizeUp(ask);
    return planRoute(
      {
        findRoute: finderFor(grant),
        findModel: deps.pricing.findModel,
        conditions: deps.conditions,
        signals,
        random: Math.random,
        isFull: (trial) => deps.trials.isFull(trial),
        findDenial: (model) => findDenial(deps, grant, model),
        nameNow: (model) => deps.pricing.nameNow(who.organisationId, model, at),
        // What the gateway asks by itself says nothing of what callers get.
        joinsTrials: who.background === undefined && ask.promptUse?.trial === undefined,
      },
      {
        ask: facts,
        team: who.teamId,
        allowedRegions: who.regions,
        inputTokens,
        outputTokens: ask.params.maxOutputTokens ?? LIKELY_OUTPUT_TOKENS,
        ...known,
        at,
      },
      route.name,
    );
  }

  function choose(
    grant: Grant,
    { region }: From,
    { takesTurn, detour }: { takesTurn: boolean; detour?: Detour | undefined },
  ): Course | Promise<Course> {
    const route = findRoute(grant, detour?.route);
    if (!route && detour)
      throw new ModelUnavailable(`there is no route ${JSON.stringify(detour.route)} any more`);
    if (!route) return courseOf(planNamed(deps, grant));
    const follow = (found: Found) => {
      const planned = decide(grant, route, takesTurn, { region, ...found });
      const course = toCourse(deps, grant, route, planned, detour && [detour.because]);
      // Nothing comes between the plan and this, so no canary takes more than it may.
      if (takesTurn && course.trial) deps.trials.enter(course.trial);
      return course;
    };
    return findOut(deps, grant, listConditions(route, finderFor(grant)))?.then(follow) ?? follow(NOTHING);
  }

  return {
    choose: (grant, from, detour) => choose(grant, from, { takesTurn: true, detour }),
    preview: (grant, from) => choose(grant, from, { takesTurn: false }),
    async explain(grant, { region }) {
      const route = findRoute(grant);
      if (!route) return undefined;
      const found = (await findOut(deps, grant, listConditions(route, finderFor(grant)))) ?? NOTHING;
      return toDecision(route, decide(grant, route, false, { region, ...found }));
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

function toCourse(
  { pricing, clock, measures }: RoutingDeps,
  grant: Grant,
  route: Route,
  planned: RoutePlan,
  warnings?: string[],
): Course {
  const at = clock.now();
  const { trial } = planned;
  const [first, ...others] = listTried(planned.candidates).map(
    ({ model, path, target: { timeouts, retries } }): CourseTarget => ({
      planned: { ...plan(grant, pricing, at, model, warnings), path, trial },
      timeouts,
      retries,
    }),
  );
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
    shadow: route.shadow && { routeId: route.id, to: route.shadow },
  };
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
