import { and, eq } from 'drizzle-orm';
import { members, users } from '../db/tables/tenancy.ts';
import { inTransaction, type Transaction } from '../db/transaction.ts';
import { NotFound } from '../domain/errors.ts';
import type { Origin } from '../domain/origin.ts';
import type { Principal, Scope } from '../domain/principal.ts';
import type { Member } from './members.ts';
import { ensureOwnerRemains, lockOrganisation } from './owners.ts';
import { record } from './record.ts';
import { endRights } from './requests/end.ts';
import { ensureMayGive } from './rights.ts';
import { findRoleScopes } from './role-scopes.ts';
import { ensureRoleScopes } from './roles.ts';
import type { TenantStore } from './store.ts';
import { findTeams } from './teams.ts';
import { findUsers, toUser, type User } from './users.ts';

type Place = Pick<Member, 'userId' | 'teamId'>;

/**
 * Puts a user into a team, or gives another role to one who is in it.
 * @throws NotFound; InvalidInput for a role that does not exist; Forbidden for one that may more than `who`, before or
 * after; Conflict when no owner would be left.
 */
export async function setMember(
  store: TenantStore,
  who: Principal,
  { userId, teamId, role }: Pick<Member, 'userId' | 'teamId' | 'role'>,
  by: Origin,
): Promise<Member> {
  const { organisationId } = who;
  const member = await inTransaction(store.sql, async (tx) => {
    await lockOrganisation(tx.sql, organisationId);
    await ensureUser(tx, who, userId);
    if ((await findTeams(tx.db, who, [teamId])).length === 0) throw new NotFound('team', teamId);
    ensureMayGiveAll(who, await ensureRoleScopes(tx.db, who, role));
    const before = await findMember(tx, who, { userId, teamId });
    const [after] = await tx.db
      .insert(members)
      .values({ organisationId, userId, teamId, role })
      .onConflictDoUpdate({ target: [members.userId, members.teamId], set: { role } })
      .returning();
    if (before?.role === 'OWNER') await ensureOwnerRemains(tx.sql, organisationId);
    await record(tx, who, {
      action: 'member.set',
      targetId: userId,
      before: before && { teamId, role: before.role },
      after: { teamId, role },
      by,
    });
    return after!;
  });
  await store.onUserChange({ id: userId, organisationId });
  return member;
}

/**
 * Takes a user out of a team; what they were granted there ends.
 * @returns the member as it was.
 * @throws NotFound; Forbidden for a member who may more than `who`; Conflict when no owner would be left.
 */
export async function removeMember(
  store: TenantStore,
  who: Principal,
  place: Place,
  by: Origin,
): Promise<Member> {
  const { organisationId } = who;
  const member = await inTransaction(store.sql, async (tx) => {
    await lockOrganisation(tx.sql, organisationId);
    const before = await findMember(tx, who, place);
    if (!before) throw new NotFound('member of this team', place.userId);
    await tx.db.delete(members).where(at(who, place));
    await endRights(tx.sql, { ...place, organisationId }, { actorId: who.keyId, by });
    if (before.role === 'OWNER') await ensureOwnerRemains(tx.sql, organisationId);
    await record(tx, who, {
      action: 'member.remove',
      targetId: place.userId,
      before: { teamId: place.teamId, role: before.role },
      by,
    });
    return before;
  });
  await store.onUserChange({ id: place.userId, organisationId });
  return member;
}

/**
 * From now on a disabled user can do nothing, in no team; an enabled one what the roles allow. Doing it twice is no error.
 * @throws NotFound; Forbidden for a user who may more than `who`; Conflict when no owner would be left.
 */
export async function setUserDisabled(
  store: TenantStore,
  who: Principal,
  { id, disabled }: { id: string; disabled: boolean },
  by: Origin,
): Promise<User> {
  const { organisationId } = who;
  const user = await inTransaction(store.sql, async (tx) => {
    await lockOrganisation(tx.sql, organisationId);
    const before = await ensureUser(tx, who, id);
    const roles = await ensureMayManageUser(tx, who, id);
    if ((before.disabledAt !== undefined) === disabled) return before;
    const [row] = await tx.db
      .update(users)
      .set({ disabledAt: disabled ? new Date() : null })
      .where(eq(users.id, id))
      .returning();
    if (disabled && roles.includes('OWNER')) await ensureOwnerRemains(tx.sql, organisationId);
    await record(tx, who, {
      action: disabled ? 'user.disable' : 'user.enable',
      targetId: id,
      before: { disabledAt: before.disabledAt ?? null },
      after: { disabledAt: row!.disabledAt },
      by,
    });
    return toUser(row!);
  });
  await store.onUserChange(user);
  return user;
}

async function ensureUser({ db }: Transaction, who: Principal, id: string): Promise<User> {
  const [user] = await findUsers(db, who, [id]);
  if (!user) throw new NotFound('user', id);
  return user;
}

/** @returns the member, whom `who` may manage; undefined where there is none. */
async function findMember({ db }: Transaction, who: Principal, place: Place): Promise<Member | undefined> {
  const [member] = await db.select().from(members).where(at(who, place));
  if (member) ensureMayGiveAll(who, await scopesOf(db, who, member.role));
  return member;
}

/** @returns the roles that the user has. */
async function ensureMayManageUser({ db }: Transaction, who: Principal, id: string): Promise<string[]> {
  const rows = await db
    .select({ role: members.role })
    .from(members)
    .where(and(eq(members.organisationId, who.organisationId), eq(members.userId, id)));
  for (const { role } of rows) ensureMayGiveAll(who, await scopesOf(db, who, role));
  return rows.map(({ role }) => role);
}

/** A role that is not there any more allows nothing. */
async function scopesOf(db: Transaction['db'], who: Principal, role: string): Promise<readonly Scope[]> {
  return (await findRoleScopes(db, who.organisationId, role)) ?? [];
}

/** Members may use every model. */
function ensureMayGiveAll(who: Principal, scopes: readonly Scope[]): void {
  ensureMayGive(who, { scopes, models: [], regions: [] }, 'that member may do more than you');
}

function at({ organisationId }: Principal, { userId, teamId }: Place) {
  return and(
    eq(members.organisationId, organisationId),
    eq(members.userId, userId),
    eq(members.teamId, teamId),
  );
}
