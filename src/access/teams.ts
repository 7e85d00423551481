import { and, eq, inArray } from 'drizzle-orm';
import type { Db } from '../db/database.ts';
import { teams } from '../db/tables/tenancy.ts';
import { hasScope, type Principal } from '../domain/principal.ts';

export interface Team {
  id: string;
  name: string;
}

/** Teams by id: an admin finds those of the organisation, anyone else their own. */
export async function findTeams(db: Db, who: Principal, ids: readonly string[]): Promise<Team[]> {
  const visible = hasScope(who, 'ADMIN') ? undefined : eq(teams.id, who.teamId);
  return db
    .select({ id: teams.id, name: teams.name })
    .from(teams)
    .where(and(eq(teams.organisationId, who.organisationId), inArray(teams.id, [...ids]), visible));
}
