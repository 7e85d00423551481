import { and, desc, eq, inArray, lt } from 'drizzle-orm';
import type { Db } from '../db/database.ts';
import { alerts } from '../db/tables/alerts.ts';
import { visibleTo } from '../db/visibility.ts';
import type { AlertKind } from '../domain/alert.ts';
import type { Principal } from '../domain/principal.ts';

/** Something that people should hear of. It is raised once and never changes. */
export interface Alert {
  id: string;
  organisationId: string;
  /** Undefined for what only admins see. */
  teamId: string | undefined;
  keyId: string | undefined;
  kind: AlertKind;
  budgetId: string | undefined;
  /** Depends on the kind. Amounts stand in it as decimal text. */
  detail: Record<string, unknown>;
  at: Date;
}

/** Newest first. */
export async function listAlerts(
  db: Db,
  who: Principal,
  page: { first: number; after?: string | undefined; kind?: AlertKind },
): Promise<Alert[]> {
  const rows = await db
    .select()
    .from(alerts)
    .where(and(visibleAlerts(who, page.kind), page.after ? lt(alerts.id, BigInt(page.after)) : undefined))
    .orderBy(desc(alerts.id))
    .limit(page.first);
  return rows.map(toAlert);
}

export async function countAlerts(db: Db, who: Principal, kind?: AlertKind): Promise<number> {
  return db.$count(alerts, visibleAlerts(who, kind));
}

/** Oldest first. */
export async function findAlerts(db: Db, who: Principal, ids: readonly string[]): Promise<Alert[]> {
  const rows = await db
    .select()
    .from(alerts)
    .where(and(inArray(alerts.id, ids.map(BigInt)), visibleAlerts(who)))
    .orderBy(alerts.id);
  return rows.map(toAlert);
}

function visibleAlerts(who: Principal, kind?: AlertKind) {
  return and(visibleTo(who, alerts, alerts.keyId), kind && eq(alerts.kind, kind));
}

function toAlert(row: typeof alerts.$inferSelect): Alert {
  return {
    id: row.id.toString(),
    organisationId: row.organisationId,
    teamId: row.teamId ?? undefined,
    keyId: row.keyId ?? undefined,
    kind: row.kind,
    budgetId: row.budgetId ?? undefined,
    detail: row.detail,
    at: row.at,
  };
}
