import { isDeepStrictEqual } from 'node:util';
import type { RouteSpec } from '../domain/route.ts';
import { toPlain, type PlainTarget } from './plain.ts';

export const ROUTE_CHANGE_KINDS = [
  'SETTING_CHANGED',
  'TARGET_ADDED',
  'TARGET_REMOVED',
  'TARGET_CHANGED',
  'TARGETS_REORDERED',
] as const;

/** One difference between two versions of a route. */
export interface RouteChange {
  kind: (typeof ROUTE_CHANGE_KINDS)[number];
  /** `['repairs']`, `['canary', 'steps', '0', 'percent']`, or `['targets', '0', 'weight']` by the place in the later version; of a removed one, in the earlier. */
  path: string[];
  /** Undefined where nothing was said. */
  before: unknown;
  after: unknown;
}

/** @param from undefined for a route that was not there; then everything of `to` is new. */
export function diffSpecs(from: RouteSpec | undefined, to: RouteSpec): RouteChange[] {
  const before = from ? toPlain(from) : { settings: {}, targets: [] };
  const after = toPlain(to);
  return [
    ...diffMembers('SETTING_CHANGED', [], before.settings, after.settings),
    ...diffTargets(before.targets, after.targets),
  ];
}

type Members = Record<string, unknown>;

function diffMembers(
  kind: RouteChange['kind'],
  path: string[],
  before: Members,
  after: Members,
): RouteChange[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names]
    .filter((name) => !isDeepStrictEqual(before[name], after[name]))
    .flatMap((name) => {
      const [from, to] = [before[name], after[name]];
      const inner = [...path, name];
      return hasMembers(from) && hasMembers(to)
        ? diffMembers(kind, inner, from, to)
        : [{ kind, path: inner, before: from, after: to }];
    });
}

/** Settings with settings of their own, such as a canary; also a list of them, by their places. */
function hasMembers(value: unknown): value is Members {
  if (Array.isArray(value)) return value.every(hasMembers);
  return typeof value === 'object' && value !== null;
}

function diffTargets(before: readonly PlainTarget[], after: readonly PlainTarget[]): RouteChange[] {
  const earlier = byKey(before);
  const later = byKey(after);
  const removed = [...earlier].filter(([key]) => !later.has(key));
  const added = [...later].filter(([key]) => !earlier.has(key));
  const stayed = [...later].filter(([key]) => earlier.has(key));
  const orderBefore = [...earlier.keys()].filter((key) => later.has(key));
  const orderAfter = stayed.map(([key]) => key);
  return [
    ...removed.map(([, { place, target }]) => whole('TARGET_REMOVED', place, { before: target })),
    ...added.map(([, { place, target }]) => whole('TARGET_ADDED', place, { after: target })),
    ...stayed.flatMap(([key, { place, target }]) =>
      diffMembers('TARGET_CHANGED', ['targets', place], earlier.get(key)!.target, target),
    ),
    ...(isDeepStrictEqual(orderBefore, orderAfter) ? [] : [reordered(before.map(nameOf), after.map(nameOf))]),
  ];
}

/** A target is known by what it names; of several that name the same, by which of them it is. */
function byKey(targets: readonly PlainTarget[]): Map<string, { place: string; target: PlainTarget }> {
  const seen = new Map<string, number>();
  return new Map(
    targets.map((target, place) => {
      const name = nameOf(target);
      const nth = seen.get(name) ?? 0;
      seen.set(name, nth + 1);
      return [`${name} ${nth}`, { place: String(place), target }];
    }),
  );
}

function nameOf({ model }: PlainTarget): string {
  return String(model);
}

function whole(
  kind: RouteChange['kind'],
  place: string,
  { before, after }: { before?: PlainTarget; after?: PlainTarget },
): RouteChange {
  return { kind, path: ['targets', place], before, after };
}

function reordered(before: string[], after: string[]): RouteChange {
  return { kind: 'TARGETS_REORDERED', path: ['targets'], before, after };
}
