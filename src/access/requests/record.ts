import type { TransactionSql } from 'postgres';
import type { Origin } from '../../domain/origin.ts';
import { appendAudit, type AuditRecord } from '../../events/audit.ts';
import { appendEvent } from '../../events/outbox.ts';

/** What became of a request, and by whom. */
interface Act {
  /** Of the request. */
  id: string;
  organisationId: string;
  action: string;
  actorId: string;
  by: Origin;
}

/** Tells everybody who watches the request, and the audit; the last of a transaction. */
export async function record(
  tx: TransactionSql,
  { id, organisationId, action, actorId, by }: Act,
  change: Pick<AuditRecord, 'before' | 'after'>,
): Promise<void> {
  await appendEvent(tx, { kind: 'ACCESS_REQUEST_CHANGED', organisationId, subjectId: id });
  await appendAudit(tx, { organisationId, actorId, action, targetId: id, ...change, ...by });
}
