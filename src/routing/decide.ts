import { Conflict, InvalidInput, NotFound, type InputIssue } from '../domain/errors.ts';
import { FALLBACK_REASONS, type Route, type RouteSpec } from '../domain/route.ts';
import { listNumberFaults } from './check-numbers.ts';
import { editOf, type RouteEdit } from './edit.ts';
import type { KeptRoute } from './rows.ts';
import { listNamed } from './trial-spec.ts';

type FindRoute = (name: string) => RouteSpec | undefined;

/** A route as it is wanted. */
export interface WantedRoute {
  spec: RouteSpec;
  note?: string | undefined;
  /** Where it stands in the input, for faults. */
  path: string[];
  /** Only names are other ones: a canary that has ended stays as it ended. */
  isRenamed?: boolean;
}

/** What is wanted of the routes of an organisation, all of it or nothing. */
export interface WantedChanges {
  set: readonly WantedRoute[];
  /** Names. */
  remove: readonly string[];
  /** By the name of a route: the version that there has to be now; 0: none. */
  expectedVersions: ReadonlyMap<string, number>;
  /** Tells what would be done, or what is wrong with it, and changes nothing. */
  dryRun?: boolean;
}

/**
 * Everything for which a route must not be saved.
 * @param findRoute the others, as they will be when it is saved.
 * @param at where the route stands in the input, for the paths.
 */
export type Validate = (spec: RouteSpec, findRoute: FindRoute, at: string[]) => InputIssue[];

/** All of them are kept in memory, so there is a limit to them. */
const OF_ORGANISATION_MAX = 1_000;
const NOTE_MAX = 1_000;

/**
 * What becomes of the routes that there are, checked as a whole.
 * @throws InvalidInput with every fault; Conflict for another version than expected, and for deleting what others name;
 * NotFound for deleting what is not there.
 */
export function decideEdits(
  validate: Validate,
  kept: readonly KeptRoute[],
  given: WantedChanges,
): RouteEdit[] {
  ensureNotes(given.set);
  const wanted = normalised(given);
  const now = new Map(kept.filter(({ isDeleted }) => !isDeleted).map((route) => [route.name, route]));
  ensureVersions(now, wanted);
  const missing = wanted.remove.find((name) => !now.has(name));
  if (missing !== undefined) throw new NotFound('route', missing, ['name']);
  const later = new Map<string, RouteSpec>(now);
  for (const name of wanted.remove) later.delete(name);
  for (const { spec } of wanted.set) later.set(spec.name, spec);
  if (later.size > OF_ORGANISATION_MAX && later.size > now.size)
    throw new Conflict(`an organisation has at most ${OF_ORGANISATION_MAX} routes; delete some`);
  const faults = [
    ...listDoubles(wanted),
    ...wanted.set.flatMap(({ spec, path }) => [
      ...listNumberFaults(spec, path),
      ...validate(spec, (name) => later.get(name), path),
    ]),
  ];
  if (faults.length === 0) faults.push(...listFaultsAbove(validate, wanted.set, { now, later }));
  if (faults.length > 0) throw new InvalidInput(faults);
  ensureUnnamed(wanted.remove, later);
  return [
    ...wanted.set.map(({ spec, note, isRenamed = false }) => ({
      ...editOf(now.get(spec.name), spec, note),
      isRenamed,
    })),
    ...wanted.remove.map((name) => editOf(now.get(name), undefined)),
  ];
}

function ensureVersions(now: ReadonlyMap<string, Route>, { expectedVersions }: WantedChanges): void {
  for (const [name, expected] of expectedVersions) {
    const version = now.get(name)?.version ?? 0;
    if (version === expected) continue;
    const is = version === 0 ? 'is not there' : `is at version ${version}`;
    const was = expected === 0 ? 'none' : `version ${expected}`;
    throw new Conflict(`the route ${JSON.stringify(name)} ${is}; you expected ${was}`);
  }
}

function listDoubles({ set, remove }: WantedChanges): InputIssue[] {
  const seen = new Set(remove);
  return set.flatMap(({ spec: { name }, path }) => {
    const isNew = !seen.has(name);
    seen.add(name);
    return isNew
      ? []
      : [issueAt(path, { path: ['name'], message: `is ${JSON.stringify(name)} a second time` })];
  });
}

/** What the change makes wrong with routes that lead to a changed one; what was wrong with them before is not its fault. */
function listFaultsAbove(
  validate: Validate,
  set: readonly WantedRoute[],
  { now, later }: Record<'now' | 'later', ReadonlyMap<string, RouteSpec>>,
): InputIssue[] {
  const changed = new Map(set.map(({ spec, path }) => [spec.name, path]));
  return [...later.values()]
    .filter(({ name }) => now.has(name) && !changed.has(name))
    .flatMap((route) => {
      const below = findBelow(route, later, changed);
      if (below === undefined) return [];
      const faultsIn = (routes: ReadonlyMap<string, RouteSpec>) =>
        validate(route, (name) => routes.get(name), []).map(({ message }) => message);
      const before = new Set(faultsIn(now));
      return faultsIn(later)
        .filter((message) => !before.has(message))
        .map((message) =>
          issueAt(below, { path: [], message: `breaks the route ${route.name}: ${message}` }),
        );
    });
}

/** Where the first changed route stands in the input that a route leads to, if it leads to any. */
function findBelow(
  route: RouteSpec,
  routes: ReadonlyMap<string, RouteSpec>,
  changed: ReadonlyMap<string, string[]>,
): string[] | undefined {
  const seen = new Set<string>();
  const queue = [route];
  for (const each of queue) {
    for (const name of listNamed(each)) {
      const path = changed.get(name);
      if (path) return path;
      const next = seen.has(name) ? undefined : routes.get(name);
      seen.add(name);
      if (next) queue.push(next);
    }
  }
  return undefined;
}

function issueAt(path: string[], issue: InputIssue): InputIssue {
  const full = [...path, ...issue.path];
  return { path: full, message: `${full.join('.')} ${issue.message}` };
}

/** @throws Conflict that says which routes name what is to be deleted. */
function ensureUnnamed(removed: readonly string[], later: ReadonlyMap<string, RouteSpec>): void {
  for (const name of removed) {
    const naming = [...later.values()].filter((route) => listNamed(route).includes(name));
    if (naming.length === 0) continue;
    const names = naming.map((route) => JSON.stringify(route.name)).join(', ');
    throw new Conflict(`the route ${JSON.stringify(name)} is named by ${names}; change those first`);
  }
}

/** The order in which reasons were given, and giving one twice, mean nothing. */
function normalised(wanted: WantedChanges): WantedChanges {
  const set = wanted.set.map((route) => {
    const fallbackOn = FALLBACK_REASONS.filter((reason) => route.spec.fallbackOn.includes(reason));
    return { ...route, spec: { ...route.spec, fallbackOn } };
  });
  return { ...wanted, set, remove: [...new Set(wanted.remove)] };
}

function ensureNotes(set: readonly WantedRoute[]): void {
  const issues = set
    .filter(({ note = '' }) => note.length > NOTE_MAX)
    .map(({ path }) => issueAt(path, { path: ['note'], message: `may have at most ${NOTE_MAX} characters` }));
  if (issues.length > 0) throw new InvalidInput(issues);
}
