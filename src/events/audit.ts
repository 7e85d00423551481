import { and, desc, eq, gte, inArray, lt, type SQL } from 'drizzle-orm';
import type { ISql } from 'postgres';
import type { Db } from '../db/database.ts';
import { toJsonParameter } from '../db/json.ts';
import { matchText, type StringFilter } from '../db/match-text.ts';
import { auditEvents } from '../db/tables/audit.ts';
import { hasScope, type Principal } from '../domain/principal.ts';

/** What is written down of a change. Amounts stand in it as decimal text, and secrets never. */
type Recorded = Record<string, unknown>;

/** A change that somebody made. */
export interface AuditRecord {
  organisationId: string;
  actorKeyId: string;
  /** `ledger.adjust`, `budget.set` … */
  action: string;
  /** Global id of what was changed. */
  targetId: string;
  /** Undefined for what was not there before. */
  before?: Recorded | undefined;
  /** Undefined for what is gone. */
  after?: Recorded | undefined;
  requestId: string;
}

/** A record as it was kept. */
export interface AuditEvent extends AuditRecord {
  id: string;
  at: Date;
}

export interface AuditFilter {
  actor?: StringFilter | undefined;
  action?: StringFilter | undefined;
  from?: Date | undefined;
  /** Exclusive. */
  to?: Date | undefined;
}

/** @param sql the transaction of the change itself, so that neither is ever there without the other. */
export async function appendAudit(sql: ISql, record: AuditRecord): Promise<void> {
  const { organisationId, actorKeyId, action, targetId, before, after, requestId } = record;
  await sql`
    INSERT INTO audit_events (organisation_id, actor_key_id, action, target_id, before, after, request_id)
    VALUES (${organisationId}, ${actorKeyId}, ${action}, ${targetId},
      ${toNullableJson(before)}::text::jsonb, ${toNullableJson(after)}::text::jsonb, ${requestId})`;
}

/** Newest first. */
export async function listAuditEvents(
  db: Db,
  who: Principal,
  filter: AuditFilter,
  page: { first: number; after?: string | undefined },
): Promise<AuditEvent[]> {
  const rows = await db
    .select()
    .from(auditEvents)
    .where(and(matching(who, filter), page.after ? lt(auditEvents.id, BigInt(page.after)) : undefined))
    .orderBy(desc(auditEvents.id))
    .limit(page.first);
  return rows.map(toAuditEvent);
}

export async function countAuditEvents(db: Db, who: Principal, filter: AuditFilter): Promise<number> {
  return db.$count(auditEvents, matching(who, filter));
}

/** @returns nothing for a key that may not read the audit, whatever the ids. */
export async function findAuditEvents(db: Db, who: Principal, ids: readonly string[]): Promise<AuditEvent[]> {
  if (!hasScope(who, 'AUDIT_READ')) return [];
  const rows = await db
    .select()
    .from(auditEvents)
    .where(and(inArray(auditEvents.id, ids.map(BigInt)), matching(who, {})));
  return rows.map(toAuditEvent);
}

function matching(who: Principal, filter: AuditFilter): SQL | undefined {
  return and(
    eq(auditEvents.organisationId, who.organisationId),
    matchText(auditEvents.actorKeyId, filter.actor),
    matchText(auditEvents.action, filter.action),
    filter.from && gte(auditEvents.at, filter.from),
    filter.to && lt(auditEvents.at, filter.to),
  );
}

function toNullableJson(value: Recorded | undefined): string | null {
  return value === undefined ? null : toJsonParameter(value);
}

function toAuditEvent(row: typeof auditEvents.$inferSelect): AuditEvent {
  return {
    ...row,
    id: row.id.toString(),
    before: row.before ?? undefined,
    after: row.after ?? undefined,
  };
}
