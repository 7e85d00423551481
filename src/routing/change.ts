import type { Sql } from 'postgres';
import { Conflict, InvalidInput, NotFound, type InputIssue } from '../domain/errors.ts';
import type { Origin } from '../domain/origin.ts';
import type { Principal } from '../domain/principal.ts';
import { FALLBACK_REASONS, type Route, type RouteSpec } from '../domain/route.ts';
import type { RouteBook } from './book.ts';
import { editOf, type RouteEdit } from './edit.ts';
import { readRoutes, findVersion, type KeptRoute } from './rows.ts';
import { writeChanges } from './write.ts';

/** What changing routes needs. */
export interface RouteStore {
  sql: Sql;
  book: RouteBook;
  /**
   * Everything that is wrong with a route, each fault with its path below the route: `['targets', '0', 'model']`.
   * @param findRoute the others, as they will be when it is saved.
   */
  validate(spec: RouteSpec, findRoute: (name: string) => RouteSpec | undefined): InputIssue[];
  /** A change was committed. */
  onChange(): void;
}

/** A route as it is wanted. */
export interface WantedRoute {
  spec: RouteSpec;
  note?: string | undefined;
  /** Where it stands in the input, for faults. */
  path: string[];
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

/** All of them are kept in memory, so there is a limit to them. */
const OF_ORGANISATION_MAX = 1_000;
const NOTE_MAX = 1_000;

/**
 * Sets and deletes routes in one transaction, checked as a whole. What is wanted as it is already makes no version. In
 * this process the change holds when this returns.
 * @throws InvalidInput with every fault; Conflict for another version than expected, and for deleting what others name;
 * NotFound for deleting what is not there.
 */
export async function changeRoutes(
  store: RouteStore,
  who: Principal,
  wanted: WantedChanges,
  by: Origin,
): Promise<RouteEdit[]> {
  ensureNotes(wanted.set);
  const { organisationId } = who;
  const edits = await store.sql.begin(async (tx) => {
    // Whoever changes routes of the organisation at the same time waits here, so that both see the whole.
    await tx`SELECT 1 FROM organisations WHERE id = ${organisationId} FOR UPDATE`;
    const kept = await readRoutes(tx, organisationId);
    const planned = planChanges(store, kept, normalised(wanted));
    if (!wanted.dryRun) await writeChanges(tx, who, { edits: planned, kept, by });
    return planned;
  });
  if (wanted.dryRun) return edits;
  store.onChange();
  await store.book.reload(organisationId);
  return edits;
}

/** Sets one route, whether or not there was one. */
export async function setRoute(
  store: RouteStore,
  who: Principal,
  { expectedVersion, ...route }: WantedRoute & { expectedVersion: number | undefined },
  by: Origin,
): Promise<string> {
  const { name } = route.spec;
  await changeRoutes(store, who, { set: [route], remove: [], ...expecting(name, expectedVersion) }, by);
  return name;
}

/** From now on nobody finds it; its versions are kept. */
export async function deleteRoute(
  store: RouteStore,
  who: Principal,
  { name, expectedVersion }: { name: string; expectedVersion: number | undefined },
  by: Origin,
): Promise<string> {
  const wanted = { set: [], remove: [name], ...expecting(name, expectedVersion) };
  const [edit] = await changeRoutes(store, who, wanted, by);
  return edit!.before!.id;
}

/**
 * Makes what a version said a new version; also of a route that was deleted.
 * @throws as for setting it, with the path of the version: what it names may be gone.
 */
export async function restoreRoute(
  store: RouteStore,
  who: Principal,
  wanted: { name: string; version: number; expectedVersion: number | undefined },
  by: Origin,
): Promise<string> {
  const { name, version: number, expectedVersion } = wanted;
  const version = await findVersion(store.sql, who.organisationId, { name, number });
  if (!version) throw new NotFound('version of this route', String(number), ['version']);
  const {
    routeId: _routeId,
    number: _number,
    createdAt: _at,
    createdBy: _by,
    note: _note,
    ...spec
  } = version;
  const note = `restored from version ${number}`;
  try {
    return await setRoute(store, who, { spec, note, path: [], expectedVersion }, by);
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    throw new InvalidInput(
      error.issues.map(({ message }) => ({ path: ['version'], message: `version ${number}: ${message}` })),
    );
  }
}

function expecting(name: string, version: number | undefined): Pick<WantedChanges, 'expectedVersions'> {
  return { expectedVersions: new Map(version === undefined ? [] : [[name, version]]) };
}

/** The order in which reasons were given, and giving one twice, mean nothing. */
function normalised(wanted: WantedChanges): WantedChanges {
  const set = wanted.set.map((route) => {
    const fallbackOn = FALLBACK_REASONS.filter((reason) => route.spec.fallbackOn.includes(reason));
    return { ...route, spec: { ...route.spec, fallbackOn } };
  });
  return { ...wanted, set };
}

function ensureNotes(set: readonly WantedRoute[]): void {
  const issues = set
    .filter(({ note = '' }) => note.length > NOTE_MAX)
    .map(({ path }) => issueAt(path, { path: ['note'], message: `may have at most ${NOTE_MAX} characters` }));
  if (issues.length > 0) throw new InvalidInput(issues);
}

function planChanges(store: RouteStore, kept: readonly KeptRoute[], wanted: WantedChanges): RouteEdit[] {
  const now = new Map(kept.filter(({ isDeleted }) => !isDeleted).map((route) => [route.name, route]));
  ensureVersions(now, wanted);
  const missing = wanted.remove.find((name) => !now.has(name));
  if (missing !== undefined) throw new NotFound('route', missing, ['name']);
  const then = new Map<string, RouteSpec>(now);
  for (const name of wanted.remove) then.delete(name);
  for (const { spec } of wanted.set) then.set(spec.name, spec);
  if (then.size > OF_ORGANISATION_MAX && then.size > now.size)
    throw new Conflict(`an organisation has at most ${OF_ORGANISATION_MAX} routes; delete some`);
  const faults = [...listDoubles(wanted), ...listFaults(store, wanted.set, then)];
  if (faults.length > 0) throw new InvalidInput(faults);
  ensureUnnamed(wanted.remove, then);
  return [
    ...wanted.set.map(({ spec, note }) => editOf(now.get(spec.name), spec, note)),
    ...wanted.remove.map((name) => editOf(now.get(name), undefined)),
  ];
}

function ensureVersions(now: ReadonlyMap<string, Route>, { expectedVersions }: WantedChanges): void {
  for (const [name, expected] of expectedVersions) {
    const version = now.get(name)?.version ?? 0;
    if (version === expected) continue;
    const is = version === 0 ? 'is not there' : `is at version ${version}`;
    const was = expected === 0 ? 'not to be there' : `version ${expected}`;
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

function listFaults(
  store: RouteStore,
  set: readonly WantedRoute[],
  then: ReadonlyMap<string, RouteSpec>,
): InputIssue[] {
  return set.flatMap(({ spec, path }) =>
    store.validate(spec, (name) => then.get(name)).map((issue) => issueAt(path, issue)),
  );
}

function issueAt(path: string[], issue: InputIssue): InputIssue {
  const full = [...path, ...issue.path];
  return { path: full, message: `${full.join('.')} ${issue.message}` };
}

/** @throws Conflict that says which routes name what is to be deleted. */
function ensureUnnamed(removed: readonly string[], then: ReadonlyMap<string, RouteSpec>): void {
  for (const name of removed) {
    const naming = [...then.values()].filter(({ targets }) => targets.some(({ model }) => model === name));
    if (naming.length === 0) continue;
    const names = naming.map((route) => JSON.stringify(route.name)).join(', ');
    throw new Conflict(`the route ${JSON.stringify(name)} is a target of ${names}; change those first`);
  }
}
