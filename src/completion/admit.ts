import type { AskFirst } from '../access/ask-first.ts';
import { mayUseModel, type Grant } from '../access/authorize.ts';
import type { Completion } from '../domain/completion.ts';
import { BudgetExceeded, GatewayError, UpstreamBusy } from '../domain/errors.ts';
import type { LimitAmounts, LimitSubjects } from '../domain/limit.ts';
import type { RecordedFacts } from '../domain/recorded-facts.ts';
import { isRouteName } from '../domain/route.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Pressure } from '../limits/shedding/pressure.ts';
import type { Turn } from '../limits/upstream/gate.ts';
import type { Caller } from '../limits/upstream/upstream.ts';
import type { Upstreams } from '../limits/upstream/upstreams.ts';
import type { Clock } from '../lib/clock.ts';
import type { LimitFacts, Limits, Taken } from '../limits/limits.ts';
import { subjectsOfCaller } from '../limits/read.ts';
import type { Measures } from '../routing/measures.ts';
import { findResidencyObstacle } from '../routing/obstacles.ts';
import { toRecord } from '../routing/recorded-facts.ts';
import type { TrialWatch } from '../trials/watch.ts';
import { answeringModel, open, type Opening } from './opening.ts';
import { passOver, type Course } from './course.ts';
import { findDetour, isOfTarget, MAX_FALLBACKS, type Detour } from './detour.ts';
import { measuredTurn } from './measured-turn.ts';
import { plan, type Plan, type Pricing } from './plan.ts';
import type { WaitForRoom } from './room-queue.ts';
import type { Routing, Whereabouts } from './routing.ts';
import { sizeUp } from './sized-ask.ts';

export interface AdmitDeps {
  askFirst: Pick<AskFirst, 'has'>;
  routing: Pick<Routing, 'choose'>;
  measures: Measures;
  pricing: Pricing;
  limits: Pick<Limits, 'take'>;
  ledger: Pick<Ledger, 'reserve'>;
  clock: Clock;
  trials: Pick<TrialWatch, 'leave' | 'settled'>;
  waitForRoom: WaitForRoom;
  pressure: Pick<Pressure, 'ensureTakes'>;
  upstreams: Pick<Upstreams, 'enter'>;
}

/** What asks to be let in. */
export interface Candidate extends Opening, Whereabouts {
  /** Hears how the limits stand that it was taken from, or what refused it. */
  onLimits(facts: LimitFacts): void;
}

/** What was let through, with what it took of limits, and its hold. */
export interface Admitted extends Entered {
  course: Course;
  /** The target in it that was let in. */
  at: number;
}

/** One attempt that was let in. */
export interface Entered {
  planned: Plan;
  completion: Completion;
  /** From limits; of the first attempt also what the completion as a whole takes. */
  taken: Taken;
  /** Leave to call the vendor. Whoever has it ends it. */
  turn: Turn;
  /** Waited for that, and for room in budgets. */
  queueMs: number;
}

/**
 * Chooses the models that may answer, and lets in the first that can be called. Where a budget has too little left that
 * names a route for that, the models of this route may.
 * @throws as `admitTo` does, for the last one that was tried.
 */
export async function admit(
  deps: AdmitDeps,
  grant: Grant,
  candidate: Candidate,
  signal: AbortSignal,
): Promise<Admitted> {
  deps.pressure.ensureTakes(grant.ask.priority);
  const taken = new Set<string>();
  const countedIn = new Set<string>();
  let refused: LimitFacts | undefined;
  // What is let in after all was not refused.
  const onLimits = (facts: LimitFacts) => (facts.refusal ? (refused = facts) : candidate.onLimits(facts));
  let detour: Detour | undefined;
  for (;;) {
    const course = await choose(deps, grant, candidate, detour);
    try {
      return await admitFirst(deps, course, { ...candidate, onLimits }, countedIn, signal);
    } catch (error) {
      if (course.trial) deps.trials.leave(course.trial);
      detour = findDetour(deps.askFirst, grant, error, taken);
      if (!detour) {
        if (refused) candidate.onLimits(refused);
        throw error;
      }
      taken.add(detour.route);
    }
  }
}

/** Nobody asked for the route of a detour: where it leads nowhere, what led to it is what the caller is told. */
async function choose(
  { routing }: AdmitDeps,
  grant: Grant,
  candidate: Candidate,
  detour: Detour | undefined,
): Promise<Course> {
  try {
    return await routing.choose(grant, candidate, detour);
  } catch (error) {
    throw detour && error instanceof GatewayError ? detour.refusal : error;
  }
}

/** @param countedIn windows of budgets that have counted the request as one that does not fit. */
async function admitFirst(
  deps: AdmitDeps,
  course: Course,
  candidate: Candidate,
  countedIn: Set<string>,
  signal: AbortSignal,
): Promise<Admitted> {
  const refusals = new Map<string, string>();
  for (let at = 0; ; at += 1) {
    const { planned } = course.targets[at]!;
    try {
      const entered = await admitTo(deps, planned, candidate, countedIn, signal);
      return { ...entered, course: passOver(course, refusals), at };
    } catch (error) {
      const isLast = at === course.targets.length - 1;
      if (isLast || !isOfTarget(error) || !course.fallbackOn.has('RATE_LIMITED')) throw error;
      refusals.set(planned.model.name, error.message);
    }
  }
}

/**
 * Takes an ask from the limits that it meets, waits until its model may be called, and only then holds the most
 * that it can come to: no money is held for who waits. Where a budget has too little left it may wait for room, or go to
 * the cheaper model that the budget names, as the budget says.
 * @throws Overloaded, RateLimited, UpstreamBusy, or BudgetExceeded when it is refused; whatever else `plan` and `reserve`
 * throw.
 */
async function admitTo(
  deps: AdmitDeps,
  first: Plan,
  candidate: Candidate,
  countedIn: Set<string>,
  signal: AbortSignal,
): Promise<Entered> {
  const tried = new Set<string>();
  let planned = first;
  const begunMs = deps.clock.monotonicMs();
  for (;;) {
    try {
      return await enter(deps, planned, { candidate, countedIn: [...countedIn], begunMs }, signal);
    } catch (error) {
      // Nobody waits for what the gateway asks by itself, and of another model it would say something else.
      if (!(error instanceof BudgetExceeded) || first.grant.who.background) throw error;
      tried.add(planned.model.name);
      for (const id of error.countedIn) countedIn.add(id);
      const { onExceed, queueMs } = error.budget;
      const leftMs = begunMs + queueMs - deps.clock.monotonicMs();
      if (onExceed === 'QUEUE' && leftMs > 0) await deps.waitForRoom(error, leftMs, signal);
      else if (onExceed === 'FALLBACK_TO_CHEAPER') planned = fallBack(deps, first.grant, error, tried);
      else throw error;
    }
  }
}

/** The next attempt of a completion. */
export interface Further {
  completion: Completion;
  /** Its number. */
  attempt: number;
  /** It begins beside the one that is under way. */
  hedges?: boolean;
}

interface Entry {
  candidate: Candidate;
  countedIn: string[];
  /** When it began to wait. */
  begunMs: number;
  further?: Further;
}

/** What is refused in the end has taken nothing of limits and of turns either, and nothing is told of what was given back. */
export async function enter(
  deps: AdmitDeps,
  planned: Plan,
  { candidate, countedIn, begunMs, further }: Entry,
  signal: AbortSignal,
): Promise<Entered> {
  const subjects = limitSubjects(planned, candidate.ip);
  const taking = { subjects, amounts: limitAmounts(planned), isFurther: further !== undefined };
  let standings: LimitFacts['standings'] = [];
  const taken = await deps.limits.take(taking, (facts) => {
    if (facts.refusal) candidate.onLimits(facts);
    else standings = facts.standings;
  });
  let turn: Turn | undefined;
  try {
    signal.throwIfAborted();
    turn = await deps.upstreams.enter(planned.model.name, callerOf(planned), signal);
    const queueMs = Math.round(deps.clock.monotonicMs() - begunMs);
    const completion = further
      ? { ...further.completion, ...answeringModel(planned) }
      : open(planned, candidate, deps.clock.now());
    const { attempt = 0, hedges = false } = further ?? {};
    const { budgeted } = await deps.ledger.reserve(
      {
        completion,
        attempt,
        hedges,
        countedIn,
        facts: further ? undefined : recordOf(planned, candidate),
        ...planned,
      },
      signal,
    );
    candidate.onLimits({ standings, refusal: undefined });
    return {
      planned: budgeted ? bounded(planned) : planned,
      completion,
      taken,
      turn: measuredTurn(deps.measures, planned, turn),
      queueMs,
    };
  } catch (error) {
    turn?.end();
    await taken.undo();
    if (error instanceof UpstreamBusy) candidate.onLimits({ standings: [], refusal: error });
    throw error;
  }
}

/** What a draft of a route can be tried on later. */
function recordOf({ grant }: Plan, { region }: Whereabouts): RecordedFacts {
  const { facts, inputTokens } = sizeUp(grant.ask);
  return toRecord(facts, { inputTokens, region });
}

function callerOf({ grant, estimatedInputTokens, maxOutputTokens }: Plan): Caller {
  const { who, ask } = grant;
  return { keyId: who.keyId, priority: ask.priority, tokens: estimatedInputTokens + maxOutputTokens };
}

/** Everything a completion is about, as limits name it. What the gateway asks by itself takes nothing of its callers. */
export function limitSubjects({ grant: { who, ask }, model }: Plan, ip: string): LimitSubjects {
  const called = { MODEL: model.name, PROVIDER: model.provider };
  if (who.background) return { within: who.organisationId, ...called };
  return {
    ...subjectsOfCaller(who, ip),
    ...(ask.endUserId !== undefined && { END_USER: ask.endUserId }),
    ...called,
    ...(isRouteName(ask.model) && { ROUTE: ask.model }),
    ...(ask.promptUse && { PROMPT: ask.promptUse.promptId }),
  };
}

/** What it takes; its tokens are an estimate until it has ended. */
export function limitAmounts({ estimatedInputTokens, estimatedOutputTokens }: Plan): LimitAmounts {
  const tokens = estimatedInputTokens + estimatedOutputTokens;
  return { REQUESTS_PER_MINUTE: 1, TOKENS_PER_MINUTE: tokens, CONCURRENT: 1 };
}

/** Under a budget a vendor may not write more than is held for, where nothing else keeps it from that. */
function bounded(planned: Plan): Plan {
  const { grant, model, maxOutputTokens } = planned;
  if (model.maxOutputTokens !== undefined) return planned;
  const params = { ...grant.ask.params, maxOutputTokens };
  return { ...planned, grant: { ...grant, ask: { ...grant.ask, params } } };
}

function fallBack(
  { askFirst, pricing, clock }: AdmitDeps,
  grant: Grant,
  refusal: BudgetExceeded,
  tried: ReadonlySet<string>,
): Plan {
  const at = clock.now();
  const named = refusal.budget.fallbackModel;
  const isModel = named !== undefined && !isRouteName(named);
  const fallbackModel = isModel ? pricing.nameNow(grant.who.organisationId, named, at) : undefined;
  const usable =
    fallbackModel !== undefined &&
    !grant.ask.embeds &&
    !tried.has(fallbackModel) &&
    mayUseModel(askFirst, grant.who, fallbackModel) &&
    !findResidencyObstacle(pricing.ensureModel(fallbackModel), { allowedRegions: grant.who.regions });
  if (!usable || tried.size > MAX_FALLBACKS) throw refusal;
  return plan(grant, pricing, at, fallbackModel, [`${refusal.message}; ${fallbackModel} answers instead`]);
}
