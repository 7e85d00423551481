import type { AskFirst } from '../access/ask-first.ts';
import { authorize } from '../access/authorize.ts';
import type { AskDraft } from '../domain/ask.ts';
import { remainingOf, type Budget } from '../domain/budget.ts';
import { GatewayError, ProviderError } from '../domain/errors.ts';
import type { Model } from '../domain/model.ts';
import type { Principal } from '../domain/principal.ts';
import { toBudgetExceeded } from '../ledger/budgets/exceeded.ts';
import { subjectsOf } from '../ledger/budgets/subjects.ts';
import type { Refusal, Reservation } from '../ledger/reserve.ts';
import type { Clock } from '../lib/clock.ts';
import type { Limits } from '../limits/limits.ts';
import { limitAmounts, limitSubjects } from './admit.ts';
import { estimateInputTokens } from './ask-size.ts';
import type { Render } from './complete.ts';
import type { Course } from './course.ts';
import { isOfTarget } from './detour.ts';
import { open } from './opening.ts';
import { estimatedUsage, LIKELY_OUTPUT_TOKENS, type Plan, type Pricing } from './plan.ts';
import type { Routing, Whereabouts } from './routing.ts';

const NO_OPENING = { idempotencyKey: undefined, askHash: '', traceId: '' };

/** What an ask would come to. Costs are nano-USD, undefined when the model has no known price. */
export interface Estimate {
  inputTokens: number;
  /** Undefined where no such model can be called. */
  costs:
    | {
        model: Model;
        likelyOutputTokens: number;
        maxOutputTokens: number;
        likelyNanos: bigint | undefined;
        worstNanos: bigint | undefined;
        fitsContextWindow: boolean;
      }
    | undefined;
  /** Everything that would keep it from being answered now. */
  refusals: GatewayError[];
}

export interface EstimateDeps {
  render: Render;
  askFirst: Pick<AskFirst, 'has'>;
  routing: Pick<Routing, 'preview'>;
  pricing: Pricing;
  clock: Clock;
  limits: Pick<Limits, 'findRefusal'>;
  /** The budgets that hold for these subjects. */
  listBudgetsOn(organisationId: string, subjects: readonly string[]): Promise<Budget[]>;
  findLikelyOutputTokens(who: Principal, model: string): Promise<number | undefined>;
}

/** What an ask would come to and whether it would be refused. Nothing is called, nothing is held. */
export async function estimate(
  deps: EstimateDeps,
  { who, ...whereabouts }: { who: Principal } & Whereabouts,
  draft: AskDraft,
): Promise<Estimate> {
  const ask = await deps.render(who, draft);
  const refusals: GatewayError[] = [];
  const grant = (await attempt(refusals, () => authorize(deps.askFirst, who, ask))) ?? { who, ask };
  const course = await attempt(refusals, () => deps.routing.preview(grant, whereabouts));
  if (!course) return { inputTokens: estimateInputTokens(ask), costs: undefined, refusals };
  const { planned, refused } = await findFirst(deps, course, whereabouts);
  refusals.push(...refused);
  const costs = await costsOf(deps, who, planned);
  if (!costs.fitsContextWindow) refusals.push(tooLong(planned));
  return { inputTokens: planned.estimatedInputTokens, costs, refusals };
}

/** The first target that would be let in, as `admit` looks for it, or else the last one; and what would refuse that. */
async function findFirst(
  deps: EstimateDeps,
  { targets, fallbackOn }: Course,
  { ip }: Whereabouts,
): Promise<{ planned: Plan; refused: GatewayError[] }> {
  for (let at = 0; ; at += 1) {
    const { planned } = targets[at]!;
    const limited = await deps.limits.findRefusal(limitSubjects(planned, ip), limitAmounts(planned));
    const refused = [...(limited ? [limited] : []), ...(await listBudgetRefusals(deps, planned))];
    const goesOn = refused.length > 0 && refused.every(isOfTarget) && fallbackOn.has('RATE_LIMITED');
    if (!goesOn || at === targets.length - 1) return { planned, refused };
  }
}

async function attempt<T>(refusals: GatewayError[], work: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    refusals.push(error);
    return undefined;
  }
}

async function costsOf(
  deps: EstimateDeps,
  who: Principal,
  planned: Plan,
): Promise<NonNullable<Estimate['costs']>> {
  const { model, price, estimatedInputTokens, maxOutputTokens, worstCase } = planned;
  const usual = (await deps.findLikelyOutputTokens(who, model.name)) ?? LIKELY_OUTPUT_TOKENS;
  const likelyOutputTokens = Math.min(usual, maxOutputTokens);
  return {
    model,
    likelyOutputTokens,
    maxOutputTokens,
    likelyNanos:
      price && deps.pricing.costOf(price, estimatedUsage(estimatedInputTokens, likelyOutputTokens)),
    worstNanos: worstCase.nanos,
    fitsContextWindow: estimatedInputTokens <= (model.contextWindow ?? Infinity),
  };
}

/** One for each budget that has too little left, enforced ones only. */
async function listBudgetRefusals(deps: EstimateDeps, planned: Plan): Promise<GatewayError[]> {
  const completion = open(planned, NO_OPENING, deps.clock.now());
  const budgets = await deps.listBudgetsOn(completion.organisationId, subjectsOf(completion));
  return budgets.flatMap((budget) => {
    const refusal = findRefusal(budget, planned.worstCase);
    return refusal ? [toBudgetExceeded([budget], [refusal])] : [];
  });
}

function findRefusal(budget: Budget, worstCase: Reservation['worstCase']): Refusal | undefined {
  if (budget.shadow || budget.onExceed === 'WARN') return undefined;
  const need = needOf(budget, worstCase);
  const room = remainingOf(budget.current);
  const fits = need === undefined ? budget.allowUnpriced : need <= room;
  return fits ? undefined : { budgetId: budget.id, windowId: budget.current.windowId, need, room };
}

function needOf({ unit }: Budget, { nanos, tokens }: Reservation['worstCase']): bigint | undefined {
  if (unit === 'MONEY') return nanos;
  return unit === 'TOKENS' ? BigInt(tokens) : 1n;
}

function tooLong({ model, estimatedInputTokens }: Plan): ProviderError {
  const message = `the prompt has about ${estimatedInputTokens} tokens; ${model.name} takes ${model.contextWindow}`;
  return new ProviderError(message, { code: 'CONTEXT_WINDOW_EXCEEDED' });
}
