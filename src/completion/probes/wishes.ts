import { isRouteName, type Route } from '../../domain/route.ts';
import { listReached } from '../../routing/reach.ts';
import { goalsOf } from '../../routing/trial-spec.ts';

/** How often a model is to be probed. */
export interface ProbeWish {
  model: string;
  /** The shortest of all that were named. */
  everyMs: number;
  /** Ids of the organisations that want it. */
  organisationIds: readonly string[];
}

/**
 * What routes want to be probed: the models that they lead to, also by other routes and in trials, by the names that are
 * called now.
 */
export function listProbeWishes(
  routes: readonly Route[],
  {
    findRoute,
    nameNow,
  }: {
    /** Another route of the same organisation. */
    findRoute(organisationId: string, name: string): Route | undefined;
    nameNow(organisationId: string, model: string): string;
  },
): ProbeWish[] {
  const wishes = new Map<string, { everyMs: number; organisationIds: Set<string> }>();
  for (const route of routes) {
    const { organisationId, probeSeconds = Infinity } = route;
    const find = (name: string) => {
      const found = findRoute(organisationId, name);
      return found && withoutTakenBack(found);
    };
    const goals = listReached(withoutTakenBack(route), find).flatMap(goalsOf);
    for (const name of new Set(goals.filter((goal) => !isRouteName(goal)))) {
      const model = nameNow(organisationId, name);
      const wish = wishes.get(model) ?? { everyMs: Infinity, organisationIds: new Set() };
      wish.everyMs = Math.min(wish.everyMs, probeSeconds * 1_000);
      wish.organisationIds.add(organisationId);
      wishes.set(model, wish);
    }
  }
  return [...wishes].map(([model, { everyMs, organisationIds }]) => ({
    model,
    everyMs,
    organisationIds: [...organisationIds].toSorted(),
  }));
}

/** A canary that takes nothing any more is left alone. */
function withoutTakenBack(route: Route): Route {
  return route.trial?.state === 'ROLLED_BACK' ? { ...route, canary: undefined } : route;
}
