import { and, count, desc, eq, inArray, sql, type SQL } from 'drizzle-orm';
import type { Db } from '../db/database.ts';
import { members } from '../db/tables/tenancy.ts';
import { visibleTo } from '../db/visibility.ts';
import type { Principal, Scope } from '../domain/principal.ts';

/** Whoever reads the usage of a team or manages its keys sees who is in it; others see only themselves. */
export const PEERS_SEEN_BY: readonly Scope[] = ['USAGE_READ', 'KEYS_WRITE'];

/** That a user is in a team, and as what. */
export interface Member {
  teamId: string;
  userId: string;
  /** Name of a role. */
  role: string;
  createdAt: Date;
}

export interface MemberFilter {
  teamId?: string | undefined;
  userId?: string | undefined;
  role?: string | undefined;
}

interface Page {
  first: number;
  after?: string | undefined;
}

/** What members are listed by inside a list. */
export type MemberOwner = 'teamId' | 'userId';

const SHOWN = {
  teamId: members.teamId,
  userId: members.userId,
  role: members.role,
  createdAt: members.createdAt,
};

/** A member's place in every list of members. */
export function memberCursor({ teamId, userId }: Pick<Member, 'teamId' | 'userId'>): string {
  return `${teamId}.${userId}`;
}

export function isMemberCursor(text: string): boolean {
  return /^team_\w{1,40}\.user_\w{1,40}$/.test(text);
}

/** By team, then by user, newest first. */
export async function listMembers(
  db: Db,
  who: Principal,
  filter: MemberFilter,
  page: Page,
): Promise<Member[]> {
  return db
    .select(SHOWN)
    .from(members)
    .where(and(matching(who, filter), behind(page)))
    .orderBy(desc(members.teamId), desc(members.userId))
    .limit(page.first);
}

export async function countMembers(db: Db, who: Principal, filter: MemberFilter): Promise<number> {
  return db.$count(members, matching(who, filter));
}

/** Members of several teams, or memberships of several users, at most `first` of each, for a list inside a list. */
export async function listMembersOf(
  db: Db,
  who: Principal,
  owner: MemberOwner,
  ids: readonly string[],
  page: Page,
): Promise<Member[]> {
  const rank = sql<number>`row_number() over (
    partition by ${members[owner]} order by ${members.teamId} desc, ${members.userId} desc)`;
  const ranked = db.$with('ranked').as(
    db
      .select({ ...SHOWN, rank: rank.as('rank') })
      .from(members)
      .where(and(inArray(members[owner], [...ids]), visible(who), behind(page))),
  );
  const { teamId, userId, role, createdAt } = ranked;
  return db
    .with(ranked)
    .select({ teamId, userId, role, createdAt })
    .from(ranked)
    .where(sql`${ranked.rank} <= ${page.first}`)
    .orderBy(desc(teamId), desc(userId));
}

export async function countMembersOf(
  db: Db,
  who: Principal,
  owner: MemberOwner,
  ids: readonly string[],
): Promise<Map<string, number>> {
  const rows = await db
    .select({ id: members[owner], members: count() })
    .from(members)
    .where(and(inArray(members[owner], [...ids]), visible(who)))
    .groupBy(members[owner]);
  return new Map(rows.map((row) => [row.id, row.members]));
}

function matching(who: Principal, { teamId, userId, role }: MemberFilter): SQL | undefined {
  return and(
    visible(who),
    teamId === undefined ? undefined : eq(members.teamId, teamId),
    userId === undefined ? undefined : eq(members.userId, userId),
    role === undefined ? undefined : eq(members.role, role),
  );
}

function visible(who: Principal): SQL | undefined {
  return visibleTo(who, members, members.userId, PEERS_SEEN_BY);
}

function behind({ after }: Page): SQL | undefined {
  if (after === undefined) return undefined;
  const [teamId, userId] = after.split('.');
  return sql`(${members.teamId}, ${members.userId}) < (${teamId}, ${userId})`;
}
