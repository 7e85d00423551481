import { and, desc, eq, inArray, lt, type SQL } from 'drizzle-orm';
import type { Db } from '../db/database.ts';
import { teams } from '../db/tables/tenancy.ts';
import { inTransaction } from '../db/transaction.ts';
import { InvalidInput, NotFound } from '../domain/errors.ts';
import type { Origin } from '../domain/origin.ts';
import { hasScope, type Principal } from '../domain/principal.ts';
import { newId } from '../lib/ids.ts';
import { ensureName } from './check-name.ts';
import { lockOrganisation } from './owners.ts';
import { record } from './record.ts';
import { checkRegions, ensureRoutesRemain, ensureSomewhereToGo } from './regions.ts';
import type { TenantStore } from './store.ts';

export interface Team {
  id: string;
  name: string;
  /** Where its requests may go, within what the organisation allows; empty: wherever that does. */
  regions: string[];
  createdAt: Date;
}

const SHOWN = { id: teams.id, name: teams.name, regions: teams.regions, createdAt: teams.createdAt };

/** Teams by id: an admin finds those of the organisation, anyone else their own. */
export async function findTeams(db: Db, who: Principal, ids: readonly string[]): Promise<Team[]> {
  return db
    .select(SHOWN)
    .from(teams)
    .where(and(inArray(teams.id, [...ids]), visible(who)));
}

/** The same teams; but for the default one, newest first. */
export async function listTeams(
  db: Db,
  who: Principal,
  page: { first: number; after?: string | undefined },
): Promise<Team[]> {
  return db
    .select(SHOWN)
    .from(teams)
    .where(and(visible(who), page.after ? lt(teams.id, page.after) : undefined))
    .orderBy(desc(teams.id))
    .limit(page.first);
}

export async function countTeams(db: Db, who: Principal): Promise<number> {
  return db.$count(teams, visible(who));
}

/** @throws InvalidInput for its name. */
export async function createTeam(
  { sql }: TenantStore,
  who: Principal,
  input: { name: string },
  by: Origin,
): Promise<Team> {
  const name = ensureName(input.name);
  const id = newId('team');
  return inTransaction(sql, async (tx) => {
    const { organisationId } = who;
    const [team] = await tx.db.insert(teams).values({ id, organisationId, name }).returning(SHOWN);
    await record(tx, who, { action: 'team.create', targetId: id, after: { name }, by });
    return team!;
  });
}

/** @throws NotFound, and InvalidInput for its name. */
export async function renameTeam(
  { sql }: TenantStore,
  who: Principal,
  input: { id: string; name: string },
  by: Origin,
): Promise<Team> {
  const name = ensureName(input.name);
  return inTransaction(sql, async (tx) => {
    const where = and(eq(teams.id, input.id), visible(who));
    const [before] = await tx.db.select(SHOWN).from(teams).where(where).for('update');
    if (!before) throw new NotFound('team', input.id);
    const [team] = await tx.db.update(teams).set({ name }).where(where).returning(SHOWN);
    await record(tx, who, {
      action: 'team.rename',
      targetId: input.id,
      before: { name: before.name },
      after: { name },
      by,
    });
    return team!;
  });
}

/**
 * Says where the requests of a team may go.
 * @throws NotFound; InvalidInput for a region that there is none of, and when the team or one of its keys could go nowhere, or is left no
 * target of a route that it could use.
 */
export async function updateTeam(
  { sql, listRegions, listTakenRoutes, onRoleChange }: TenantStore,
  who: Principal,
  { id, regions }: { id: string; regions: string[] },
  by: Origin,
): Promise<Team> {
  const issues = checkRegions(regions, listRegions());
  if (issues.length > 0) throw new InvalidInput(issues);
  const { organisationId } = who;
  const team = await inTransaction(sql, async (tx) => {
    await lockOrganisation(tx.sql, organisationId);
    const where = and(eq(teams.id, id), visible(who));
    const [before] = await tx.db.select(SHOWN).from(teams).where(where).for('update');
    if (!before) throw new NotFound('team', id);
    const [after] = await tx.db.update(teams).set({ regions }).where(where).returning(SHOWN);
    if (regions.length > 0) {
      await ensureSomewhereToGo(tx, organisationId);
      const ruleChange = { of: { teamId: id }, before: before.regions };
      await ensureRoutesRemain(listTakenRoutes, tx, organisationId, ruleChange);
    }
    const change = { before: { regions: before.regions }, after: { regions } };
    await record(tx, who, { action: 'team.update', targetId: id, ...change, by });
    return after!;
  });
  await onRoleChange(organisationId);
  return team;
}

function visible(who: Principal): SQL | undefined {
  const own = hasScope(who, 'ADMIN') ? undefined : eq(teams.id, who.teamId);
  return and(eq(teams.organisationId, who.organisationId), own);
}
