import { and, desc, eq, exists, inArray, lt, or, sql, type SQL } from 'drizzle-orm';
import type { Db } from '../db/database.ts';
import { matchText, type StringFilter } from '../db/match-text.ts';
import { members, users } from '../db/tables/tenancy.ts';
import { hasScope, type Principal } from '../domain/principal.ts';
import { PEERS_SEEN_BY } from './members.ts';

/** A person, or whatever else proves who it is by something other than an API key. */
export interface User {
  id: string;
  organisationId: string;
  /** Who vouches for it, and what it is named by there. */
  issuer: string;
  subject: string;
  name: string | undefined;
  email: string | undefined;
  createdAt: Date;
  lastSeenAt: Date | undefined;
  disabledAt: Date | undefined;
}

export interface UserFilter {
  email?: StringFilter | undefined;
  name?: StringFilter | undefined;
}

export async function findUsers(db: Db, who: Principal, ids: readonly string[]): Promise<User[]> {
  const rows = await db
    .select()
    .from(users)
    .where(and(inArray(users.id, [...ids]), visibleUsers(db, who)));
  return rows.map(toUser);
}

/** Newest first. */
export async function listUsers(
  db: Db,
  who: Principal,
  filter: UserFilter,
  page: { first: number; after?: string | undefined },
): Promise<User[]> {
  const rows = await db
    .select()
    .from(users)
    .where(and(matching(db, who, filter), page.after ? lt(users.id, page.after) : undefined))
    .orderBy(desc(users.id))
    .limit(page.first);
  return rows.map(toUser);
}

export async function countUsers(db: Db, who: Principal, filter: UserFilter): Promise<number> {
  return db.$count(users, matching(db, who, filter));
}

function matching(db: Db, who: Principal, filter: UserFilter): SQL | undefined {
  return and(visibleUsers(db, who), matchText(users.email, filter.email), matchText(users.name, filter.name));
}

/** An admin sees the users of the organisation, the holder of a team scope those of the team, others themselves. */
function visibleUsers(db: Db, who: Principal): SQL | undefined {
  const ofOrganisation = eq(users.organisationId, who.organisationId);
  if (hasScope(who, 'ADMIN')) return ofOrganisation;
  const self = eq(users.id, who.keyId);
  if (!PEERS_SEEN_BY.some((scope) => hasScope(who, scope))) return and(ofOrganisation, self);
  const inTeam = db
    .select({ one: sql`1` })
    .from(members)
    .where(and(eq(members.userId, users.id), eq(members.teamId, who.teamId)));
  return and(ofOrganisation, or(self, exists(inTeam)));
}

export function toUser(row: typeof users.$inferSelect): User {
  return {
    ...row,
    name: row.name ?? undefined,
    email: row.email ?? undefined,
    lastSeenAt: row.lastSeenAt ?? undefined,
    disabledAt: row.disabledAt ?? undefined,
  };
}
