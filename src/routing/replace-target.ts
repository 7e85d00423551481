import type { Route, RouteSpec, RouteTarget } from '../domain/route.ts';
import type { WantedChanges } from './decide.ts';
import { listNamed, renameGoals } from './trial-spec.ts';

/** What becomes of the routes that lead to a model when they are to lead to another one; those that do not stay as they are. */
export function wantReplaced(
  routes: readonly Route[],
  { from, to, expectedVersions }: { from: string; to: string } & Pick<WantedChanges, 'expectedVersions'>,
): WantedChanges {
  const leading = routes.filter((route) => listNamed(route).includes(from));
  const note = `${to} instead of ${from}`;
  const set = leading.map((route) => ({
    spec: replaceIn(route, from, to),
    note,
    path: ['input', 'to', route.name],
    isRenamed: true,
  }));
  return { set, remove: [], expectedVersions };
}

/**
 * Of two targets that become the same the first stays. A canary of what the route takes anyway then, and an experiment with
 * one model only, are over.
 */
function replaceIn(route: Route, from: string, to: string): RouteSpec {
  const spec = renameGoals(specOf(route), (name) => (name === from ? to : name));
  const targets = withoutRepeated(spec.targets, to);
  const { canary, experiment } = spec;
  const isTakenAnyway = targets.length === 1 && targets[0]!.model === canary?.model;
  const comparesNothing = experiment?.arms.every(({ model }) => model === to);
  return {
    ...spec,
    targets,
    canary: isTakenAnyway ? undefined : canary,
    experiment: comparesNothing ? undefined : experiment,
  };
}

function withoutRepeated(targets: readonly RouteTarget[], name: string): RouteTarget[] {
  return targets.filter(
    ({ model, condition }, at) =>
      model !== name ||
      !targets
        .slice(0, at)
        .some((other) => other.model === name && (condition === undefined || other.condition === condition)),
  );
}

function specOf(route: Route): RouteSpec {
  const {
    id: _id,
    organisationId: _of,
    version: _version,
    learning: _learning,
    trial: _trial,
    ...rest
  } = route;
  const { createdAt: _at, updatedAt: _on, updatedBy: _by, ...spec } = rest;
  return spec;
}
