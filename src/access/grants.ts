import { and, desc, eq, gt, inArray, isNull, or, type SQL } from 'drizzle-orm';
import type { Db } from '../db/database.ts';
import { accessGrants } from '../db/tables/access.ts';
import { visibleTo } from '../db/visibility.ts';
import type { AccessKind } from '../domain/access.ts';
import type { BudgetUnit } from '../domain/budget.ts';
import type { Granted, Principal, Scope } from '../domain/principal.ts';

/** What was given to a key or a user, inside a team, beside what it has by itself. */
export interface AccessGrant {
  id: string;
  organisationId: string;
  teamId: string;
  /** Id of the key or of the user. */
  holderId: string;
  /** The request that it came of. */
  requestId: string;
  kind: AccessKind;
  /** Name of a model, route or scope, or id of a budget. */
  targetId: string;
  /** Of a budget, in its unit. */
  amount: bigint | undefined;
  unit: BudgetUnit | undefined;
  createdAt: Date;
  /** Undefined: until it is revoked. */
  expiresAt: Date | undefined;
  /** When it ended: it ran out, was revoked, or its budget was set anew. */
  endedAt: Date | undefined;
}

/** There is one for each request, of which nobody has many. */
const OF_HOLDER_MAX = 1_000;

/**
 * The principal with what it was granted. Whoever keeps it must not keep it for longer than `msUntilStale`, and must
 * forget it at an event KEY_CHANGED about its id.
 */
export async function withGrants(db: Db, who: Principal): Promise<Principal> {
  const grants = await listGrants(db, who);
  const names = (...kinds: AccessKind[]) =>
    grants.filter(({ kind }) => kinds.includes(kind)).map(({ targetId }) => targetId);
  const scopes = names('SCOPE') as Scope[];
  const models = names('MODEL', 'ROUTE');
  if (scopes.length + models.length === 0) return who;
  // These two and nothing else of it: what is narrowed afterwards must not come back, and is compared as a whole.
  const own = { scopes: who.scopes, models: who.models };
  const granted: Granted = { names: new Set(models), endsAt: nearestEnd(grants), own };
  return {
    ...who,
    scopes: new Set([...who.scopes, ...scopes]),
    models: who.models.length === 0 ? [] : [...new Set([...who.models, ...models])],
    granted,
  };
}

/** How long a principal that was just read may be kept, at most `most`: not beyond the end of anything it was granted. */
export function msUntilStale({ granted }: Principal, most: number): number {
  if (!granted?.endsAt) return most;
  // A cache takes 0 for ever.
  return Math.min(most, Math.max(1, granted.endsAt.getTime() - Date.now()));
}

/** Those that somebody holds now, newest first. */
export async function listGrants(db: Db, who: Principal): Promise<AccessGrant[]> {
  const { organisationId, teamId, keyId } = who;
  const holder = and(
    eq(accessGrants.holderId, keyId),
    eq(accessGrants.organisationId, organisationId),
    eq(accessGrants.teamId, teamId),
  );
  return read(db, and(holder, isOpen()), OF_HOLDER_MAX);
}

export async function findGrants(db: Db, who: Principal, ids: readonly string[]): Promise<AccessGrant[]> {
  return read(db, and(inArray(accessGrants.id, [...ids]), visibleGrants(who)), ids.length);
}

/** By the requests that they came of. */
export async function findGrantsOfRequests(
  db: Db,
  who: Principal,
  requestIds: readonly string[],
): Promise<AccessGrant[]> {
  const where = and(inArray(accessGrants.requestId, [...requestIds]), visibleGrants(who));
  return read(db, where, requestIds.length);
}

/** An admin sees those of the organisation, whoever decides those of the team, and everybody their own. */
function visibleGrants(who: Principal): SQL | undefined {
  return visibleTo(who, accessGrants, accessGrants.holderId, ['ACCESS_DECIDE']);
}

/** By our own clock, which gave the end, and not by the database's. */
function isOpen(): SQL | undefined {
  return and(
    isNull(accessGrants.endedAt),
    or(isNull(accessGrants.expiresAt), gt(accessGrants.expiresAt, new Date())),
  );
}

async function read(db: Db, where: SQL | undefined, most: number): Promise<AccessGrant[]> {
  const rows = await db.select().from(accessGrants).where(where).orderBy(desc(accessGrants.id)).limit(most);
  return rows.map((row) => ({
    ...row,
    amount: row.amount ?? undefined,
    unit: row.unit ?? undefined,
    expiresAt: row.expiresAt ?? undefined,
    endedAt: row.endedAt ?? undefined,
  }));
}

function nearestEnd(grants: readonly AccessGrant[]): Date | undefined {
  const ends = grants.flatMap(({ expiresAt }) => (expiresAt ? [expiresAt.getTime()] : []));
  return ends.length === 0 ? undefined : new Date(Math.min(...ends));
}
