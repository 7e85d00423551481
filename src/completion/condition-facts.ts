import type { Grant } from '../access/authorize.ts';
import { remainingOf } from '../domain/budget.ts';
import { isRouteName, type Route } from '../domain/route.ts';
import { subjectsOf } from '../ledger/budgets/subjects.ts';
import type { FlagSubject, FlagValues } from '../routing/flags.ts';
import type { RoutingRequest } from '../routing/request.ts';
import { goalsOf } from '../routing/trial-spec.ts';
import { open } from './opening.ts';
import type { RoutingDeps } from './routing.ts';

const NO_MODEL = { model: '', provider: '' };
const NO_OPENING = { idempotencyKey: undefined, askHash: '', traceId: '' };
const NO_FLAGS: FlagValues = { values: {}, faults: {} };

/** What conditions ask for that has to be waited for. */
export type Found = Pick<RoutingRequest, 'budgetUsed' | 'flags' | 'flagFaults'>;
export const NOTHING: Found = { budgetUsed: 0, flags: {} };

/** Also those of routes that stand in it. */
export function listConditions(
  route: Route,
  find: (name: string) => Route | undefined,
  seen = new Set<string>(),
): string[] {
  if (seen.has(route.name)) return [];
  seen.add(route.name);
  const own = route.targets.flatMap(({ condition }) => condition ?? []);
  const below = goalsOf(route).flatMap((model) => {
    const inner = isRouteName(model) ? find(model) : undefined;
    return inner ? listConditions(inner, find, seen) : [];
  });
  return [...own, ...below];
}

/** What conditions ask for that has to be waited for; undefined where they ask for none of it. */
export function findOut(
  deps: RoutingDeps,
  grant: Grant,
  conditions: readonly string[],
): Promise<Found> | undefined {
  const asksForBudgets = conditions.some((condition) => condition.includes('budgetUsed'));
  const flags = new Set(conditions.flatMap((condition) => deps.conditions.listFlags(condition)));
  if (!asksForBudgets && flags.size === 0) return undefined;
  return Promise.all([
    asksForBudgets ? usedShare(deps, grant) : 0,
    flags.size > 0 ? deps.flags.evaluate([...flags], flagSubject(grant)) : NO_FLAGS,
  ]).then(([budgetUsed, { values, faults }]) => ({ budgetUsed, flags: values, flagFaults: faults }));
}

function flagSubject({ who, ask }: Grant): FlagSubject {
  return {
    targetingKey: ask.endUserId ?? who.keyId,
    organisation: who.organisationId,
    team: who.teamId,
    tags: Object.fromEntries(ask.tags.map(({ key, value }) => [key, value])),
  };
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
