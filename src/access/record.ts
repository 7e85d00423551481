import type { Transaction } from '../db/transaction.ts';
import type { Principal } from '../domain/principal.ts';
import { appendAudit, type AuditRecord } from '../events/audit.ts';

/** Writes down in the audit, in the transaction of the change, who changed what. */
export async function record(
  { sql }: Transaction,
  { organisationId, keyId: actorKeyId }: Principal,
  change: Pick<AuditRecord, 'action' | 'targetId' | 'before' | 'after' | 'requestId'>,
): Promise<void> {
  await appendAudit(sql, { organisationId, actorKeyId, ...change });
}
