import { isDeepStrictEqual } from 'node:util';
import type { RouteSpec } from '../domain/route.ts';
import { diffMembers, type Difference } from '../lib/diff-members.ts';
import { toPlain, type PlainTarget } from './plain.ts';

export const ROUTE_CHANGE_KINDS = [
  'SETTING_CHANGED',
  'TARGET_ADDED',
  'TARGET_REMOVED',
  'TARGET_CHANGED',
  'TARGETS_REORDERED',
] as const;

/** One difference between two versions of a route. */
export interface RouteChange extends Difference {
  kind: (typeof ROUTE_CHANGE_KINDS)[number];
  /** `['repairs']`, `['canary', 'steps', '0', 'percent']`, or `['targets', '0', 'weight']` by the place in the later version; of a removed one, in the earlier. */
  path: string[];
}

/** @param from undefined for a route that was not there; then everything of `to` is new. */
export function diffSpecs(from: RouteSpec | undefined, to: RouteSpec): RouteChange[] {
  const before = from ? toPlain(from) : { settings: {}, targets: [] };
  const after = toPlain(to);
  return [
    ...diffInside('SETTING_CHANGED', [], { before: before.settings, after: after.settings }),
    ...diffTargets(before.targets, after.targets),
  ];
}

/** What changed inside of something that is there in both. */
function diffInside(
  kind: RouteChange['kind'],
  path: string[],
  { before, after }: { before: Record<string, unknown>; after: Record<string, unknown> },
): RouteChange[] {
  return diffMembers(path, before, after).map((difference) => ({ kind, ...difference }));
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
      diffInside('TARGET_CHANGED', ['targets', place], { before: earlier.get(key)!.target, after: target }),
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
