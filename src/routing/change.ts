import type { ISql, Sql, TransactionSql } from 'postgres';
import { Conflict, InvalidInput, NotFound } from '../domain/errors.ts';
import type { Model } from '../domain/model.ts';
import type { Origin } from '../domain/origin.ts';
import type { Principal } from '../domain/principal.ts';
import { toRule } from '../domain/regions.ts';
import type { Route, RouteSpec } from '../domain/route.ts';
import type { RouteBook } from './book.ts';
import { decideEdits, type Validate, type WantedChanges, type WantedRoute } from './decide.ts';
import type { RouteEdit } from './edit.ts';
import { findVersion, readRoutes, type KeptRoute } from './rows.ts';
import { listTakenByRoutes, toMap } from './taken.ts';
import { validateRoute } from './validate.ts';
import { writeChanges } from './write.ts';

/** What changing routes needs. */
export interface RouteStore {
  sql: Sql;
  book: RouteBook;
  findModel(name: string): Model | undefined;
  isAlias(organisationId: string, name: string): boolean;
  /** Budgets that lead to one of these routes when they are used up. */
  listBudgetsTo(
    sql: ISql,
    organisationId: string,
    names: readonly string[],
  ): Promise<{ id: string; fallbackModel: string }[]>;
  /** A change was committed. */
  onChange(): void;
}

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
  const edits = await store.sql.begin((tx) => changeRoutesIn(tx, store, who, () => wanted, by));
  if (wanted.dryRun) return edits;
  store.onChange();
  await store.book.reload(who.organisationId);
  return edits;
}

/**
 * The same in a transaction that does more, of which it is the last: whoever commits it tells the others.
 * @param decideWanted from the routes that there are.
 */
export async function changeRoutesIn(
  tx: TransactionSql,
  store: Pick<RouteStore, 'findModel' | 'isAlias' | 'listBudgetsTo'>,
  who: Principal,
  decideWanted: (living: readonly Route[]) => WantedChanges,
  by: Origin,
): Promise<RouteEdit[]> {
  // Whoever changes routes of the organisation at the same time waits here, so that both see the whole.
  const [organisation] = await tx<{ regions: string[] }[]>`
    SELECT regions FROM organisations WHERE id = ${who.organisationId} FOR UPDATE`;
  const allowedRegions = toRule(organisation?.regions ?? []);
  const isAlias = (name: string) => store.isAlias(who.organisationId, name);
  const validate: Validate = (spec, findRoute, at) =>
    validateRoute(spec, { findModel: store.findModel, isAlias, findRoute, allowedRegions }, at);
  const kept = await readRoutes(tx, who.organisationId);
  const wanted = decideWanted(kept.filter(({ isDeleted }) => !isDeleted));
  const edits = decideEdits(validate, kept, wanted);
  await ensureNoBudgetLeadsTo(tx, store, who.organisationId, wanted.remove);
  await ensureNothingTaken(tx, store, who.organisationId, { kept, decided: edits, wanted });
  if (!wanted.dryRun) await writeChanges(tx, who, { edits, kept, by });
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

/** Whoever is over such a budget would be refused from then on. */
async function ensureNoBudgetLeadsTo(
  tx: ISql,
  { listBudgetsTo }: Pick<RouteStore, 'listBudgetsTo'>,
  organisationId: string,
  names: readonly string[],
): Promise<void> {
  const [first] = names.length === 0 ? [] : await listBudgetsTo(tx, organisationId, names);
  if (!first) return;
  const { id, fallbackModel } = first;
  throw new Conflict(
    `the route ${JSON.stringify(fallbackModel)} is the fallbackModel of the budget ${id}; change that first`,
  );
}

/** Who has a rule of their own may keep going where they could. */
async function ensureNothingTaken(
  tx: ISql,
  { findModel }: Pick<RouteStore, 'findModel'>,
  organisationId: string,
  { kept, decided, wanted }: { kept: KeptRoute[]; decided: RouteEdit[]; wanted: WantedChanges },
): Promise<void> {
  if (!decided.some(({ action }) => action === 'CHANGED')) return;
  const before = toMap(kept.filter(({ isDeleted }) => !isDeleted));
  const after = new Map<string, RouteSpec>(before);
  for (const edit of decided) {
    if (edit.after) after.set(edit.name, edit.after);
    else after.delete(edit.name);
  }
  const taken = await listTakenByRoutes(tx, organisationId, findModel, { before, after });
  if (taken.length === 0) return;
  const path = [...(wanted.set[0]?.path ?? ['input']), 'targets'];
  throw new InvalidInput(taken.map((what) => ({ path, message: `${path.join('.')} leave ${what}` })));
}

function expecting(name: string, version: number | undefined): Pick<WantedChanges, 'expectedVersions'> {
  return { expectedVersions: new Map(version === undefined ? [] : [[name, version]]) };
}
