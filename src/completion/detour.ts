import type { AskFirst } from '../access/ask-first.ts';
import { mayUseModel, type Grant } from '../access/authorize.ts';
import { BudgetExceeded, RateLimited, UpstreamBusy, type GatewayError } from '../domain/errors.ts';
import { isRouteName } from '../domain/route.ts';

/** A chain of budgets that each name another model or route is followed this far. */
export const MAX_FALLBACKS = 5;

/** A route that answers in the place of what was asked for. */
export interface Detour {
  route: string;
  /** Holds where the route cannot answer either. */
  refusal: BudgetExceeded;
  /** For the caller. */
  because: string;
}

/**
 * Whether a refusal is about the one model that was to be called, and no other: it has no room, or its limits or budgets
 * leave none. Then another target of the route answers.
 */
export function isOfTarget(error: unknown): error is GatewayError {
  if (error instanceof UpstreamBusy) return true;
  const scope =
    error instanceof RateLimited
      ? error.standing?.limit.scope
      : error instanceof BudgetExceeded && error.budget.scope;
  return scope === 'MODEL' || scope === 'PROVIDER';
}

/**
 * Where a request goes that does not fit into a budget which names a route for that; undefined where it is refused.
 * @param taken the routes that this request was led to before.
 */
export function findDetour(
  askFirst: Pick<AskFirst, 'has'>,
  { who }: Grant,
  error: unknown,
  taken: ReadonlySet<string>,
): Detour | undefined {
  if (!(error instanceof BudgetExceeded) || who.background) return undefined;
  const { onExceed, fallbackModel: route } = error.budget;
  const isUsable =
    onExceed === 'FALLBACK_TO_CHEAPER' &&
    route !== undefined &&
    isRouteName(route) &&
    !taken.has(route) &&
    taken.size < MAX_FALLBACKS &&
    mayUseModel(askFirst, who, route);
  return isUsable
    ? { route, refusal: error, because: `${error.message}; the route ${route} answers instead` }
    : undefined;
}
