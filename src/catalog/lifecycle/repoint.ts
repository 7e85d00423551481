import type { ISql } from 'postgres';
import type { Principal } from '../../domain/principal.ts';
import type { AuditRecord } from '../../events/audit.ts';
import { appendEvent } from '../../events/outbox.ts';

/** Leads the organisation's own aliases of a model to another one, in a transaction that does more. */
export async function repointAliases(
  tx: ISql,
  { organisationId, keyId: actorId }: Principal,
  { from, to }: { from: string; to: string },
  requestId: string,
): Promise<{ aliases: string[]; audits: AuditRecord[] }> {
  const rows = await tx<{ alias: string }[]>`
    UPDATE model_aliases SET model = ${to} WHERE organisation_id = ${organisationId} AND model = ${from} RETURNING alias`;
  const aliases = rows.map(({ alias }) => alias).toSorted();
  for (const alias of aliases)
    await appendEvent(tx, { kind: 'MODELS_CHANGED', organisationId, subjectId: alias });
  const told = { organisationId, actorId, action: 'model.alias.set', requestId };
  const audits = aliases.map((alias) => ({
    ...told,
    targetId: alias,
    before: { model: from },
    after: { model: to },
  }));
  return { aliases, audits };
}
