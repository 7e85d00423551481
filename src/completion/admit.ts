import type { AskFirst } from '../access/ask-first.ts';
import { mayUseModel, type Grant } from '../access/authorize.ts';
import type { Completion } from '../domain/completion.ts';
import { BudgetExceeded } from '../domain/errors.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Clock } from '../lib/clock.ts';
import { open, type Opening } from './opening.ts';
import { plan, type Plan, type Pricing } from './plan.ts';
import type { WaitForRoom } from './room-queue.ts';

/** A chain of budgets that each name another model is followed this far. */
const MAX_FALLBACKS = 5;

export interface AdmitDeps {
  askFirst: Pick<AskFirst, 'has'>;
  pricing: Pricing;
  ledger: Pick<Ledger, 'reserve'>;
  clock: Clock;
  waitForRoom: WaitForRoom;
}

/** What was let through, with its hold. */
export interface Admitted {
  planned: Plan;
  completion: Completion;
}

/**
 * Plans an ask and holds the most that it can come to. Where a budget has too little left it may wait for room, or go to
 * the cheaper model that the budget names, as the budget says.
 * @throws BudgetExceeded when it is refused in the end; whatever else `plan` and `reserve` throw.
 */
export async function admit(
  deps: AdmitDeps,
  grant: Grant,
  opening: Opening,
  signal: AbortSignal,
): Promise<Admitted> {
  const begunMs = deps.clock.monotonicMs();
  const tried = new Set<string>();
  const countedIn = new Set<string>();
  let planned = plan(grant, deps.pricing, deps.clock.now());
  for (;;) {
    try {
      return await reserve(deps, planned, { opening, countedIn: [...countedIn] }, signal);
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

async function reserve(
  deps: AdmitDeps,
  planned: Plan,
  { opening, countedIn }: { opening: Opening; countedIn: string[] },
  signal: AbortSignal,
): Promise<Admitted> {
  const completion = open(planned, opening, deps.clock.now());
  const { budgeted } = await deps.ledger.reserve({ completion, countedIn, ...planned }, signal);
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
