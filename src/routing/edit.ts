import type { Route, RouteSpec } from '../domain/route.ts';
import { diffSpecs, type RouteChange } from './diff.ts';

export const ROUTE_ACTIONS = ['CREATED', 'CHANGED', 'DELETED', 'UNCHANGED'] as const;

/** What becomes of one route. */
export interface RouteEdit {
  name: string;
  action: (typeof ROUTE_ACTIONS)[number];
  /** The route as it was; undefined for one that was not there. */
  before: Route | undefined;
  /** As it is from then on; undefined for one that is deleted. */
  after: RouteSpec | undefined;
  note: string | undefined;
  changes: RouteChange[];
  /** Only names are other ones. */
  isRenamed?: boolean;
}

export function editOf(before: Route | undefined, after: RouteSpec | undefined, note?: string): RouteEdit {
  const { name } = (after ?? before)!;
  if (!after) return { name, action: 'DELETED', before, after, note, changes: [] };
  const changes = diffSpecs(before, after);
  const changed = changes.length > 0 ? 'CHANGED' : 'UNCHANGED';
  return { name, action: before ? changed : 'CREATED', before, after, note, changes };
}
