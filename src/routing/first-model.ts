import { isRouteName, type RouteSpec } from '../domain/route.ts';

/**
 * The first model that the targets of a route lead to, in their order, whatever their conditions.
 * @returns undefined where there is no such route, or nothing but others that are gone.
 */
export function findFirstModel(
  name: string,
  findRoute: (name: string) => Pick<RouteSpec, 'targets'> | undefined,
): string | undefined {
  const seen = new Set<string>();
  function search(route: string): string | undefined {
    if (seen.has(route)) return undefined;
    seen.add(route);
    for (const { model } of findRoute(route)?.targets ?? []) {
      const found = isRouteName(model) ? search(model) : model;
      if (found !== undefined) return found;
    }
    return undefined;
  }
  return search(name);
}
