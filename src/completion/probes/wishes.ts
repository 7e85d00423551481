import type { Route } from '../../domain/route.ts';
import { listLeaves } from '../../routing/reach.ts';

/** How often a model is to be probed. */
export interface ProbeWish {
  model: string;
  /** The shortest of all that were named. */
  everyMs: number;
  /** Ids of the organisations that want it. */
  organisationIds: readonly string[];
}

/**
 * What routes want to be probed: the models that they lead to, also by other routes.
 * @param findRoute another route of the same organisation.
 */
export function listProbeWishes(
  routes: readonly Route[],
  findRoute: (organisationId: string, name: string) => Route | undefined,
): ProbeWish[] {
  const wishes = new Map<string, { everyMs: number; organisationIds: Set<string> }>();
  for (const route of routes) {
    const { organisationId, probeSeconds = Infinity } = route;
    for (const model of listLeaves(route, (name) => findRoute(organisationId, name))) {
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
