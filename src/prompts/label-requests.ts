import type { TransactionSql } from 'postgres';
import { InvalidInput } from '../domain/errors.ts';
import type { Origin } from '../domain/origin.ts';
import type { Principal } from '../domain/principal.ts';
import type { LabelRequestStatus } from '../domain/prompt.ts';
import { newId } from '../lib/ids.ts';
import { checkNote } from './check-prompt.ts';
import { tellOfPrompt } from './store.ts';
import type { LabelMove } from './write-label.ts';

/** How long a request waits for a decision. */
const LAPSES_AFTER_MS = 30 * 24 * 3_600_000;

/**
 * Asks for a protected label to be moved, in the place of whatever was asked for it before. The last of a transaction.
 * @returns the id of the request.
 */
export async function askToMove(
  tx: TransactionSql,
  who: Principal,
  { prompt, label, version }: LabelMove,
  { note, by }: { note: string | undefined; by: Origin },
): Promise<string> {
  const text = ensureNote(note);
  const replaces = await cancelRequests(tx, who, { label, promptId: prompt.id });
  const id = newId('plr');
  const now = new Date();
  const lapsesAt = new Date(now.getTime() + LAPSES_AFTER_MS).toISOString();
  await tx`
    INSERT INTO prompt_label_requests (id, organisation_id, prompt_id, label, version, requester_id, note, status,
      created_at, lapses_at)
    VALUES (${id}, ${who.organisationId}, ${prompt.id}, ${label}, ${version ?? null}::int, ${who.keyId},
      ${text ?? null}, 'PENDING', ${now.toISOString()}::text::timestamptz, ${lapsesAt}::text::timestamptz)`;
  const after = { slug: prompt.slug, label, version, note: text, labelRequest: id, replaces };
  await tellOfPrompt(tx, who, { action: 'prompt.labelRequest', targetId: prompt.id, after, by });
  return id;
}

/** Those that nobody has decided on; one that nobody decided on in time stays what it is. @returns their ids. */
export async function cancelRequests(
  tx: TransactionSql,
  { organisationId, keyId }: Principal,
  { label, promptId }: { label: string; promptId?: string },
): Promise<string[]> {
  const now = new Date().toISOString();
  const rows = await tx<{ id: string; status: LabelRequestStatus }[]>`
    UPDATE prompt_label_requests
    SET status = CASE WHEN lapses_at <= ${now}::text::timestamptz THEN 'EXPIRED' ELSE 'CANCELLED' END,
      decider_id = CASE WHEN lapses_at > ${now}::text::timestamptz THEN ${keyId} END,
      decided_at = CASE WHEN lapses_at > ${now}::text::timestamptz THEN ${now}::text::timestamptz END
    WHERE organisation_id = ${organisationId} AND label = ${label} AND status = 'PENDING'
      AND ${promptId === undefined ? tx`true` : tx`prompt_id = ${promptId}`}
    RETURNING id, status`;
  return rows.filter(({ status }) => status === 'CANCELLED').map(({ id }) => id);
}

/** @throws InvalidInput. */
export function ensureNote(note: string | undefined): string | undefined {
  const text = note?.trim();
  const issues = checkNote(text, ['input', 'note']);
  if (issues.length > 0) throw new InvalidInput(issues);
  return text === '' ? undefined : text;
}
