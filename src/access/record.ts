import type { ISql } from 'postgres';
import type { Origin } from '../domain/origin.ts';
import type { Principal } from '../domain/principal.ts';
import { appendAudit, type AuditRecord } from '../events/audit.ts';

/** A change, and which request made it. */
export interface Change extends Pick<AuditRecord, 'action' | 'targetId' | 'before' | 'after'> {
  by: Origin;
}

/** Writes down in the audit, in the transaction of the change, who changed what. */
export async function record(
  { sql }: { sql: ISql },
  { organisationId, keyId: actorId }: Principal,
  { by, ...change }: Change,
): Promise<void> {
  await appendAudit(sql, { organisationId, actorId, ...change, ...by });
}
