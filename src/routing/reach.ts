import { goalsOf, type Goals } from './trial-spec.ts';

type FindTargets = (name: string) => Goals | undefined;

/** The way from a route back to itself, if its target leads there: `a`, `b`, `a`. */
export function findCycle(start: string, goal: string, findRoute: FindTargets): string[] | undefined {
  const seen = new Set<string>();
  const listGoals = (name: string) => {
    const found = findRoute(name);
    return found ? goalsOf(found) : [];
  };
  function search(name: string, path: readonly string[]): string[] | undefined {
    if (name === start) return [...path, name];
    if (seen.has(name)) return undefined;
    seen.add(name);
    for (const model of listGoals(name)) {
      const cycle = model.includes('/') ? undefined : search(model, [...path, name]);
      if (cycle) return cycle;
    }
    return undefined;
  }
  return search(goal, [start]);
}

/** How many routes stand in one another, itself among them; a circle counts once. */
export function depthOf(name: string, findRoute: FindTargets): number {
  const known = new Map<string, number>();
  function measure(route: string): number {
    const measured = known.get(route);
    if (measured !== undefined) return measured;
    known.set(route, 0);
    const found = findRoute(route);
    const inner = (found ? goalsOf(found) : []).filter((model) => !model.includes('/'));
    const depth = 1 + Math.max(0, ...inner.map((model) => measure(model)));
    known.set(route, depth);
    return depth;
  }
  return measure(name);
}

/** The models that the targets of a route lead to, directly or by other routes, each once. */
export function listLeaves(
  spec: Pick<Goals, 'targets'> & { name: string },
  findRoute: FindTargets,
): string[] {
  const leaves = new Set<string>();
  const seen = new Set([spec.name]);
  const waiting: Pick<Goals, 'targets'>[] = [spec];
  for (let route = waiting.pop(); route; route = waiting.pop()) {
    for (const { model } of route.targets) {
      const nested = model.includes('/') || seen.has(model) ? undefined : findRoute(model);
      if (model.includes('/')) leaves.add(model);
      else seen.add(model);
      if (nested) waiting.push(nested);
    }
  }
  return [...leaves];
}

/** A route and those that it leads to, each once. */
export function listReached<R extends Goals & { name: string }>(
  route: R,
  findRoute: (name: string) => R | undefined,
): R[] {
  const reached = new Map([[route.name, route]]);
  for (const each of reached.values()) {
    for (const model of goalsOf(each)) {
      const inner = model.includes('/') || reached.has(model) ? undefined : findRoute(model);
      if (inner) reached.set(model, inner);
    }
  }
  return [...reached.values()];
}
