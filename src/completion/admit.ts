import type { AskFirst } from '../access/ask-first.ts';
import { mayUseModel, type Grant } from '../access/authorize.ts';
import type { Completion } from '../domain/completion.ts';
import { BudgetExceeded, UpstreamBusy } from '../domain/errors.ts';
import type { LimitAmounts, LimitSubjects } from '../domain/limit.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Pressure } from '../limits/shedding/pressure.ts';
import type { Turn } from '../limits/upstream/gate.ts';
import type { Caller } from '../limits/upstream/upstream.ts';
import type { Upstreams } from '../limits/upstream/upstreams.ts';
import type { Clock } from '../lib/clock.ts';
import type { LimitFacts, Limits, Taken } from '../limits/limits.ts';
import { subjectsOfCaller } from '../limits/read.ts';
import { open, type Opening } from './opening.ts';
import { plan, type Plan, type Pricing } from './plan.ts';
import type { WaitForRoom } from './room-queue.ts';

/** A chain of budgets that each name another model is followed this far. */
const MAX_FALLBACKS = 5;

export interface AdmitDeps {
  askFirst: Pick<AskFirst, 'has'>;
  pricing: Pricing;
  limits: Pick<Limits, 'take'>;
  ledger: Pick<Ledger, 'reserve'>;
  clock: Clock;
  waitForRoom: WaitForRoom;
  pressure: Pick<Pressure, 'ensureTakes'>;
  upstreams: Pick<Upstreams, 'enter'>;
}

/** What asks to be let in. */
export interface Candidate extends Opening {
  /** Address of the client. */
  ip: string;
  /** Hears how the limits stand that it was taken from, or what refused it. */
  onLimits(facts: LimitFacts): void;
}

/** What was let through, with what it took of limits, and its hold. */
export interface Admitted {
  planned: Plan;
  completion: Completion;
  taken: Taken;
  /** Leave to call the vendor. Whoever has it ends it. */
  turn: Turn;
  /** Waited for that, and for room in budgets. */
  queueMs: number;
}

/**
 * Plans an ask, takes it from the limits that it meets, waits until its model may be called, and only then holds the most
 * that it can come to: no money is held for who waits. Where a budget has too little left it may wait for room, or go to
 * the cheaper model that the budget names, as the budget says.
 * @throws Overloaded, RateLimited, UpstreamBusy, or BudgetExceeded when it is refused; whatever else `plan` and `reserve`
 * throw.
 */
export async function admit(
  deps: AdmitDeps,
  grant: Grant,
  candidate: Candidate,
  signal: AbortSignal,
): Promise<Admitted> {
  deps.pressure.ensureTakes(grant.ask.priority);
  const tried = new Set<string>();
  const countedIn = new Set<string>();
  let planned = plan(grant, deps.pricing, deps.clock.now());
  const begunMs = deps.clock.monotonicMs();
  for (;;) {
    try {
      return await enter(deps, planned, { candidate, countedIn: [...countedIn], begunMs }, signal);
    } catch (error) {
      if (!(error instanceof BudgetExceeded)) throw error;
      tried.add(planned.model.name);
      for (const id of error.countedIn) countedIn.add(id);
      const { onExceed, queueMs } = error.budget;
      const leftMs = begunMs + queueMs - deps.clock.monotonicMs();
      if (onExceed === 'QUEUE' && leftMs > 0) await deps.waitForRoom(error, leftMs, signal);
      else if (onExceed === 'FALLBACK_TO_CHEAPER') planned = fallBack(deps, grant, error, tried);
      else throw error;
    }
  }
}

/** What is refused in the end has taken nothing of limits and of turns either, and nothing is told of what was given back. */
async function enter(
  deps: AdmitDeps,
  planned: Plan,
  { candidate, countedIn, begunMs }: { candidate: Candidate; countedIn: string[]; begunMs: number },
  signal: AbortSignal,
): Promise<Admitted> {
  const subjects = limitSubjects(planned, candidate.ip);
  let standings: LimitFacts['standings'] = [];
  const taken = await deps.limits.take(subjects, limitAmounts(planned), (facts) => {
    if (facts.refusal) candidate.onLimits(facts);
    else standings = facts.standings;
  });
  let turn: Turn | undefined;
  try {
    signal.throwIfAborted();
    turn = await deps.upstreams.enter(planned.model.name, callerOf(planned), signal);
    const queueMs = Math.round(deps.clock.monotonicMs() - begunMs);
    const completion = open(planned, candidate, deps.clock.now());
    const { budgeted } = await deps.ledger.reserve({ completion, countedIn, ...planned }, signal);
    candidate.onLimits({ standings, refusal: undefined });
    return { planned: budgeted ? bounded(planned) : planned, completion, taken, turn, queueMs };
  } catch (error) {
    turn?.end();
    await taken.undo();
    if (error instanceof UpstreamBusy) candidate.onLimits({ standings: [], refusal: error });
    throw error;
  }
}

function callerOf({ grant, estimatedInputTokens, maxOutputTokens }: Plan): Caller {
  const { who, ask } = grant;
  return { keyId: who.keyId, priority: ask.priority, tokens: estimatedInputTokens + maxOutputTokens };
}

/** Everything a completion is about, as limits name it. */
export function limitSubjects({ grant, model }: Plan, ip: string): LimitSubjects {
  const { endUserId } = grant.ask;
  return {
    ...subjectsOfCaller(grant.who, ip),
    ...(endUserId !== undefined && { END_USER: endUserId }),
    MODEL: model.name,
    PROVIDER: model.provider,
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
  const { fallbackModel } = refusal.budget;
  const usable =
    fallbackModel !== undefined &&
    !tried.has(fallbackModel) &&
    mayUseModel(askFirst, grant.who, fallbackModel);
  if (!usable || tried.size > MAX_FALLBACKS) throw refusal;
  return plan(grant, pricing, clock.now(), fallbackModel, [
    `${refusal.message}; ${fallbackModel} answers instead`,
  ]);
}
