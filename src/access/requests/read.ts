import { and, desc, eq, inArray, lt, type SQL } from 'drizzle-orm';
import type { Db } from '../../db/database.ts';
import { accessRequests } from '../../db/tables/access.ts';
import { visibleTo } from '../../db/visibility.ts';
import type { AccessKind, AccessRequestStatus } from '../../domain/access.ts';
import type { BudgetUnit } from '../../domain/budget.ts';
import type { Principal } from '../../domain/principal.ts';

/** What a caller asks to be given, and what became of it. */
export interface AccessRequest {
  id: string;
  organisationId: string;
  teamId: string;
  /** Id of the key or of the user that asks. */
  requesterId: string;
  kind: AccessKind;
  /** Name of a model, route or scope, or id of a budget. */
  targetId: string;
  /** How much more of a budget, in its unit. */
  amount: bigint | undefined;
  unit: BudgetUnit | undefined;
  reason: string;
  /** Until when it is wanted; undefined: for good. */
  until: Date | undefined;
  status: AccessRequestStatus;
  createdAt: Date;
  /** When it ends undecided. */
  lapsesAt: Date;
  deciderId: string | undefined;
  decidedAt: Date | undefined;
  note: string | undefined;
}

/** Newest first. */
export async function listAccessRequests(
  db: Db,
  who: Principal,
  status: AccessRequestStatus | undefined,
  page: { first: number; after?: string | undefined },
): Promise<AccessRequest[]> {
  const rows = await db
    .select()
    .from(accessRequests)
    .where(and(matching(who, status), page.after ? lt(accessRequests.id, page.after) : undefined))
    .orderBy(desc(accessRequests.id))
    .limit(page.first);
  return rows.map(toAccessRequest);
}

export async function countAccessRequests(
  db: Db,
  who: Principal,
  status: AccessRequestStatus | undefined,
): Promise<number> {
  return db.$count(accessRequests, matching(who, status));
}

export async function findAccessRequests(
  db: Db,
  who: Principal,
  ids: readonly string[],
): Promise<AccessRequest[]> {
  const rows = await db
    .select()
    .from(accessRequests)
    .where(and(inArray(accessRequests.id, [...ids]), matching(who, undefined)));
  return rows.map(toAccessRequest);
}

/** An admin sees those of the organisation, whoever decides those of the team, and everybody their own. */
function matching(who: Principal, status: AccessRequestStatus | undefined): SQL | undefined {
  return and(
    visibleTo(who, accessRequests, accessRequests.requesterId, ['ACCESS_DECIDE']),
    status && eq(accessRequests.status, status),
  );
}

function toAccessRequest(row: typeof accessRequests.$inferSelect): AccessRequest {
  return {
    ...row,
    amount: row.amount ?? undefined,
    unit: row.unit ?? undefined,
    until: row.until ?? undefined,
    deciderId: row.deciderId ?? undefined,
    decidedAt: row.decidedAt ?? undefined,
    note: row.note ?? undefined,
  };
}
