import type { ISql } from 'postgres';
import type { Principal } from '../domain/principal.ts';
import type { AuditRecord } from '../events/audit.ts';
import { appendEvent } from '../events/outbox.ts';
import { ensureMayGive } from './rights.ts';

/**
 * Lets the keys that list a model use another one too, in a transaction that does more. Whoever commits it lets
 * authenticators forget these keys.
 * @throws Forbidden for whoever may not use that one themselves.
 */
export async function allowModel(
  tx: ISql,
  who: Principal,
  { from, to }: { from: string; to: string },
  requestId: string,
): Promise<{ keyIds: string[]; audits: AuditRecord[] }> {
  const { organisationId, keyId: actorId } = who;
  const rows = await tx<{ id: string; models: string[] }[]>`
    UPDATE api_keys SET models = models || to_jsonb(${to}::text)
    WHERE organisation_id = ${organisationId} AND revoked_at IS NULL AND models ? ${from}::text
      AND NOT models ? ${to}::text
    RETURNING id, models`;
  if (rows.length > 0) ensureMayGive(who, { models: [to] }, 'keys are to use what your own may not');
  for (const { id } of rows) await appendEvent(tx, { kind: 'KEY_CHANGED', organisationId, subjectId: id });
  const told = { organisationId, actorId, action: 'key.update', requestId };
  const audits = rows.map(({ id, models }) => ({
    ...told,
    targetId: id,
    before: { models: models.filter((model) => model !== to) },
    after: { models },
  }));
  return { keyIds: rows.map(({ id }) => id), audits };
}
