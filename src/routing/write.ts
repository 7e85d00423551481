import type { TransactionSql } from 'postgres';
import { toJsonParameter } from '../db/json.ts';
import type { Origin } from '../domain/origin.ts';
import type { Principal } from '../domain/principal.ts';
import type { RouteSpec } from '../domain/route.ts';
import { appendAudits, type AuditRecord } from '../events/audit.ts';
import { appendEvent } from '../events/outbox.ts';
import { newId } from '../lib/ids.ts';
import { beginTrial, renameInTrial } from '../trials/rows.ts';
import type { RouteEdit } from './edit.ts';
import { toPlain } from './plain.ts';
import { isSameTrial, trialSpecOf } from './trial-spec.ts';
import type { KeptRoute } from './rows.ts';

/** Writes what was decided, the event and the audit; the last of a transaction. */
export async function writeChanges(
  tx: TransactionSql,
  who: Principal,
  { edits, kept, by }: { edits: readonly RouteEdit[]; kept: readonly KeptRoute[]; by: Origin },
): Promise<void> {
  const { organisationId, keyId: actorId } = who;
  const audits: AuditRecord[] = [];
  const ids = new Map(kept.map((route) => [route.name, route]));
  for (const edit of edits) {
    if (edit.action === 'UNCHANGED') continue;
    const written = await write(tx, who, edit, ids.get(edit.name));
    await writeTrial(tx, { organisationId, id: written.id, name: edit.name }, edit);
    await appendEvent(tx, { kind: 'ROUTE_CHANGED', organisationId, subjectId: written.id });
    audits.push({
      organisationId,
      actorId,
      action: edit.after ? 'route.set' : 'route.delete',
      targetId: written.id,
      before: edit.before && toRecord(edit.before, edit.before.version),
      after: edit.after && toRecord(edit.after, written.version, edit.note),
      ...by,
    });
  }
  if (audits.length > 0) await appendAudits(tx, audits);
}

async function write(
  tx: TransactionSql,
  { organisationId, keyId }: Principal,
  { name, after, note }: RouteEdit,
  known: KeptRoute | undefined,
): Promise<{ id: string; version: number }> {
  const now = new Date().toISOString();
  const id = known?.id ?? newId('route');
  if (!after) {
    await tx`UPDATE routes SET deleted_at = ${now}::text::timestamptz WHERE id = ${id}`;
    return { id, version: known!.version };
  }
  const version = (known?.version ?? 0) + 1;
  await tx`
    INSERT INTO routes (id, organisation_id, name, version, created_at)
    VALUES (${id}, ${organisationId}, ${name}, ${version}::int, ${now}::text::timestamptz)
    ON CONFLICT (id) DO UPDATE SET version = excluded.version, deleted_at = NULL`;
  await tx`
    INSERT INTO route_versions (route_id, number, organisation_id, spec, author_id, note, created_at)
    VALUES (${id}, ${version}::int, ${organisationId}, ${toJsonParameter(after)}::text::jsonb, ${keyId}, ${note ?? null},
      ${now}::text::timestamptz)`;
  return { id, version };
}

async function writeTrial(
  tx: TransactionSql,
  subject: { organisationId: string; id: string; name: string },
  { before, after, isRenamed }: RouteEdit,
): Promise<void> {
  if (isSameTrial(before ?? {}, after ?? {})) return;
  const spec = trialSpecOf(after ?? {});
  const state = before?.trial?.state;
  if (isRenamed && spec && (state === 'PROMOTED' || state === 'ROLLED_BACK'))
    return renameInTrial(tx, subject.id, spec);
  await beginTrial(tx, subject, spec);
}

function toRecord(spec: RouteSpec, version: number, note?: string): Record<string, unknown> {
  const { settings, targets } = toPlain(spec);
  return { name: spec.name, version, ...settings, targets, ...(note !== undefined && { note }) };
}
