import { and, desc, eq, gte, inArray, lt, type SQL } from 'drizzle-orm';
import type { ISql } from 'postgres';
import type { Db } from '../db/database.ts';
import { toJsonParameter } from '../db/json.ts';
import { matchText, type StringFilter } from '../db/match-text.ts';
import { auditEvents } from '../db/tables/audit.ts';
import type { Origin } from '../domain/origin.ts';
import { hasScope, type Principal } from '../domain/principal.ts';
import { withoutSecrets, type Recorded } from './audit-secrets.ts';

/** Who did what nobody asked for. */
export const SYSTEM = 'system';

/** A change that somebody made. */
export interface AuditRecord extends Origin {
  organisationId: string;
  /** Id of the key or of the user that did it, or `SYSTEM`. */
  actorId: string;
  /** `ledger.adjust`, `budget.set` … */
  action: string;
  /** Global id of what was changed. */
  targetId: string;
  /** Undefined for what was not there before. */
  before?: Recorded | undefined;
  /** Undefined for what is gone. */
  after?: Recorded | undefined;
}

/** A record as it was kept. */
export interface AuditEvent extends AuditRecord {
  id: string;
  at: Date;
  /** Place in the chain of the organisation, from 1 on. */
  seq: bigint;
  /** SHA-256 in hexadecimal of this event, which the next one carries; of the one before, empty for the first. */
  hash: string;
  previousHash: string;
}

export interface AuditFilter {
  actor?: StringFilter | undefined;
  action?: StringFilter | undefined;
  target?: StringFilter | undefined;
  requestId?: StringFilter | undefined;
  from?: Date | undefined;
  /** Exclusive. */
  to?: Date | undefined;
}

/**
 * Appends to the chain of the organisation, whose end is locked until the commit: so it comes last in a transaction.
 * @param sql the transaction of the change itself, so that neither is ever there without the other.
 * @throws Error for a record that holds a secret.
 */
export async function appendAudit(sql: ISql, record: AuditRecord): Promise<void> {
  await appendAudits(sql, [record]);
}

/** Several in one statement, in their order. */
export async function appendAudits(sql: ISql, records: readonly AuditRecord[]): Promise<void> {
  const rows = records.map(({ before, after, ...rest }) => ({
    ...rest,
    before: before && withoutSecrets(before),
    after: after && withoutSecrets(after),
  }));
  await sql`
    INSERT INTO audit_events (organisation_id, actor_key_id, action, target_id, before, after, request_id, ip)
    SELECT * FROM jsonb_to_recordset(${toJsonParameter(rows)}::text::jsonb) AS x("organisationId" text, "actorId" text,
      action text, "targetId" text, before jsonb, after jsonb, "requestId" text, ip text)`;
}

/** Newest first: the order of the chain. */
export async function listAuditEvents(
  db: Db,
  who: Principal,
  filter: AuditFilter,
  page: { first: number; after?: string | undefined },
): Promise<AuditEvent[]> {
  const rows = await db
    .select()
    .from(auditEvents)
    .where(and(matching(who, filter), page.after ? lt(auditEvents.seq, BigInt(page.after)) : undefined))
    .orderBy(desc(auditEvents.seq))
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
    matchText(auditEvents.actorId, filter.actor),
    matchText(auditEvents.action, filter.action),
    matchText(auditEvents.targetId, filter.target),
    matchText(auditEvents.requestId, filter.requestId),
    filter.from && gte(auditEvents.at, filter.from),
    filter.to && lt(auditEvents.at, filter.to),
  );
}

function toAuditEvent(row: typeof auditEvents.$inferSelect): AuditEvent {
  return {
    ...row,
    id: row.id.toString(),
    before: row.before ?? undefined,
    after: row.after ?? undefined,
    ip: row.ip ?? undefined,
  };
}
