import type { ISql } from 'postgres';
import type { Origin } from '../domain/origin.ts';
import type { Principal } from '../domain/principal.ts';
import { appendAudit } from '../events/audit.ts';
import { appendEvents } from '../events/outbox.ts';
import { endPromptTrials } from '../trials/rows.ts';
import { cancelRequests } from './label-requests.ts';
import { changePrompts, type PromptStore } from './store.ts';
import { ensureLabel } from './write-label.ts';

type OfOrganisation = Pick<Principal, 'organisationId'>;

/** By name. */
export async function listProtectedLabels(sql: ISql, { organisationId }: OfOrganisation): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    SELECT name FROM prompt_protected_labels WHERE organisation_id = ${organisationId} ORDER BY name COLLATE "C"`;
  return rows.map(({ name }) => name);
}

export async function isProtected(sql: ISql, who: OfOrganisation, label: string): Promise<boolean> {
  return (await listProtectedLabels(sql, who)).includes(label);
}

/**
 * Lets a label of all prompts move only when two agree, which ends what is compared on it, or at once again. What was asked for while it was protected is
 * called off with its protection.
 * @throws InvalidInput for what cannot be a label.
 */
export async function protectLabel(
  store: PromptStore,
  who: Principal,
  { label, isToBe }: { label: string; isToBe: boolean },
  by: Origin,
): Promise<string[]> {
  ensureLabel(label, ['label']);
  const { organisationId, keyId: actorId } = who;
  return changePrompts(store, who, async (tx) => {
    if ((await isProtected(tx, who, label)) !== isToBe) {
      if (isToBe)
        await tx`INSERT INTO prompt_protected_labels (organisation_id, name) VALUES (${organisationId}, ${label})`;
      else
        await tx`DELETE FROM prompt_protected_labels WHERE organisation_id = ${organisationId} AND name = ${label}`;
      const cancelled = isToBe ? [] : await cancelRequests(tx, who, { label });
      const ended = isToBe ? await endPromptTrials(tx, organisationId, label) : [];
      await appendEvents(
        tx,
        ended.map((subjectId) => ({ kind: 'TRIAL_CHANGED', organisationId, subjectId })),
      );
      const action = isToBe ? 'prompt.protect' : 'prompt.unprotect';
      await appendAudit(tx, {
        organisationId,
        actorId,
        action,
        targetId: label,
        after: { label, cancelled, endedExperiments: ended },
        ...by,
      });
    }
    return listProtectedLabels(tx, who);
  });
}
