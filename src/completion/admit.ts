import { mayUseModel, type Grant } from '../access/authorize.ts';
import type { Completion } from '../domain/completion.ts';
import { BudgetExceeded } from '../domain/errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Pressure } from '../limits/shedding/pressure.ts';
import type { Turn } from '../limits/upstream/gate.ts';
import type { Caller } from '../limits/upstream/upstream.ts';
import type { Upstreams } from '../limits/upstream/upstreams.ts';
import type { Clock } from '../lib/clock.ts';
import { open, type Opening } from './opening.ts';
import { plan, type Plan, type Pricing } from './plan.ts';
import type { WaitForRoom } from './room-queue.ts';

/** A chain of budgets that each name another model is followed this far. */
const MAX_FALLBACKS = 5;

export interface AdmitDeps {
  pricing: Pricing;
  ledger: Pick<Ledger, 'reserve'>;
  clock: Clock;
  waitForRoom: WaitForRoom;
  pressure: Pick<Pressure, 'ensureTakes'>;
  upstreams: Pick<Upstreams, 'enter'>;
}

/** What was let through, with its hold. */
export interface Admitted {
  planned: Plan;
  completion: Completion;
  /** Leave to call the vendor. Whoever has it ends it. */
  turn: Turn;
  /** Waited for that, and for room in budgets. */
  queueMs: number;
}

/**
 * Plans an ask, waits until its model may be called, and only then holds the most that it can come to: nothing is held for
 * who waits. Where a budget has too little left it may wait for room, or go to the cheaper model that the budget names, as
 * the budget says.
 * @throws Overloaded, UpstreamBusy, or BudgetExceeded when it is refused; whatever else `plan` and `reserve` throw.
 */
export async function admit(
  deps: AdmitDeps,
  grant: Grant,
  opening: Opening,
  signal: AbortSignal,
): Promise<Admitted> {
  deps.pressure.ensureTakes(grant.ask.priority);
  const tried = new Set<string>();
  let planned = plan(grant, deps.pricing, deps.clock.now());
  const begunMs = deps.clock.monotonicMs();
  for (;;) {
    const turn = await deps.upstreams.enter(planned.model.name, callerOf(planned), signal);
    const queueMs = Math.round(deps.clock.monotonicMs() - begunMs);
    try {
      return { ...(await reserve(deps, planned, opening, signal)), turn, queueMs };
    } catch (error) {
      turn.end();
      if (!(error instanceof BudgetExceeded)) throw error;
      tried.add(planned.model.name);
      const { onExceed, queueMs: patienceMs } = error.budget;
      const leftMs = begunMs + patienceMs - deps.clock.monotonicMs();
      if (onExceed === 'QUEUE' && leftMs > 0) await deps.waitForRoom(error, leftMs, signal);
      else if (onExceed === 'FALLBACK_TO_CHEAPER') planned = fallBack(deps, grant, error, tried);
      else throw error;
    }
  }
}

function callerOf({ grant, estimatedInputTokens, maxOutputTokens }: Plan): Caller {
  const { who, ask } = grant;
  return { keyId: who.keyId, priority: ask.priority, tokens: estimatedInputTokens + maxOutputTokens };
}

async function reserve(
  deps: AdmitDeps,
  planned: Plan,
  opening: Opening,
  signal: AbortSignal,
): Promise<Pick<Admitted, 'planned' | 'completion'>> {
  const completion = open(planned, opening, deps.clock.now());
  const { budgeted } = await deps.ledger.reserve({ completion, ...planned }, signal);
  return { planned: budgeted ? bounded(planned) : planned, completion };
}

/** Under a budget a vendor may not write more than is held for, where nothing else keeps it from that. */
function bounded(planned: Plan): Plan {
  const { grant, model, maxOutputTokens } = planned;
  if (model.maxOutputTokens !== undefined) return planned;
  const params = { ...grant.ask.params, maxOutputTokens };
  return { ...planned, grant: { ...grant, ask: { ...grant.ask, params } } };
}

function fallBack(
  { pricing, clock }: AdmitDeps,
  grant: Grant,
  refusal: BudgetExceeded,
  tried: ReadonlySet<string>,
): Plan {
  const { fallbackModel } = refusal.budget;
  const usable =
    fallbackModel !== undefined && !tried.has(fallbackModel) && mayUseModel(grant.who, fallbackModel);
  if (!usable || tried.size > MAX_FALLBACKS) throw refusal;
  return plan(grant, pricing, clock.now(), fallbackModel, [
    `${refusal.message}; ${fallbackModel} answers instead`,
  ]);
}
