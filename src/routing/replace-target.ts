import type { Route, RouteSpec } from '../domain/route.ts';
import type { WantedChanges } from './decide.ts';
import { listNamed, renameGoals } from './trial-spec.ts';

/** What becomes of the routes that lead to a model when they are to lead to another one; those that do not stay as they are. */
export function wantReplaced(
  routes: readonly Route[],
  { from, to, expectedVersions }: { from: string; to: string } & Pick<WantedChanges, 'expectedVersions'>,
): WantedChanges {
  const leading = routes.filter((route) => listNamed(route).includes(from));
  const note = `${to} instead of ${from}`;
  const set = leading.map((route) => ({ spec: replaceIn(route, from, to), note, path: ['input', 'from'] }));
  return { set, remove: [], expectedVersions };
}

/** Of two targets that become the same the first stays. */
function replaceIn(route: Route, from: string, to: string): RouteSpec {
  const spec = renameGoals(specOf(route), (name) => (name === from ? to : name));
  return {
    ...spec,
    targets: spec.targets.filter(
      ({ model, condition }, at) =>
        model !== to ||
        !spec.targets
          .slice(0, at)
          .some((other) => other.model === to && (condition === undefined || other.condition === condition)),
    ),
  };
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
