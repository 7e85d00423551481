import type { TransactionSql } from 'postgres';
import { Conflict, Forbidden, NotFound } from '../domain/errors.ts';
import type { Origin } from '../domain/origin.ts';
import type { Principal } from '../domain/principal.ts';
import type { LabelRequest, LabelRequestStatus } from '../domain/prompt.ts';
import { ensureNote } from './label-requests.ts';
import { readLabelRequests } from './request-rows.ts';
import { readPrompts, type LabelledPrompt } from './rows.ts';
import { changePrompts, tellOfPrompt, type PromptStore } from './store.ts';
import { ensureVersion, writeLabel } from './write-label.ts';

export interface LabelDecision {
  id: string;
  approve: boolean;
  note: string | undefined;
}

/**
 * Decides whether a protected label moves. Of several who decide at once, one does.
 * @throws InvalidInput, NotFound; Forbidden for the own request, also under another key of one's own; Conflict for one
 * that is over, or of a prompt that is archived.
 */
export async function decideLabelRequest(
  store: PromptStore,
  who: Principal,
  { id, approve, note }: LabelDecision,
  by: Origin,
): Promise<void> {
  const text = ensureNote(note);
  const { requesterId } = await ensureRequest(store.sql, who, id);
  if (requesterId === who.keyId) throw new Forbidden('nobody decides on what they asked for themselves');
  if (approve) await store.ensureMayDecide(who, requesterId);
  await changePrompts(store, who, async (tx) => {
    const { request, prompt } = await close(tx, who, id, {
      status: approve ? 'APPROVED' : 'DENIED',
      note: text,
    });
    const { label, version: number } = request;
    if (!approve) return tellOfEnd(tx, who, request, { action: 'prompt.labelDeny', note: text, by });
    if (prompt.archivedAt) throw new Conflict(`the prompt ${prompt.slug} is archived; restore it first`);
    const version = number === undefined ? undefined : await ensureVersion(tx, prompt, number);
    await store.checkPublishable(tx, { prompt, label, version });
    return writeLabel(tx, who, { prompt, label, version: number }, { by, requestId: id });
  });
}

/** Takes back what one has asked for. @throws NotFound, also for those of others; Conflict for one that is over. */
export async function cancelLabelRequest(
  store: PromptStore,
  who: Principal,
  id: string,
  by: Origin,
): Promise<void> {
  const { requesterId } = await ensureRequest(store.sql, who, id);
  if (requesterId !== who.keyId) throw new NotFound('label request of yours', id);
  await changePrompts(store, who, async (tx) => {
    const { request } = await close(tx, who, id, { status: 'CANCELLED', note: undefined });
    await tellOfEnd(tx, who, request, { action: 'prompt.labelCancel', note: undefined, by });
  });
}

async function ensureRequest(
  sql: Parameters<typeof readLabelRequests>[0],
  { organisationId }: Principal,
  id: string,
): Promise<LabelRequest> {
  const [request] = await readLabelRequests(sql, organisationId, { ids: [id] });
  if (!request) throw new NotFound('label request', id);
  return request;
}

/** Changes of an organisation come one after the other, so nobody ends it in between. @throws Conflict. */
async function close(
  tx: TransactionSql,
  who: Principal,
  id: string,
  { status, note }: { status: LabelRequestStatus; note: string | undefined },
): Promise<{ request: LabelRequest; prompt: LabelledPrompt }> {
  const request = await ensureRequest(tx, who, id);
  if (request.status !== 'PENDING') throw new Conflict(`the request is ${request.status} already`);
  await tx`
    UPDATE prompt_label_requests
    SET status = ${status}, decider_id = ${who.keyId}, decided_at = now(), decision_note = ${note ?? null}
    WHERE id = ${id}`;
  const [prompt] = await readPrompts(tx, who.organisationId, { ids: [request.promptId] });
  return { request, prompt: prompt! };
}

async function tellOfEnd(
  tx: TransactionSql,
  who: Principal,
  { id, promptId, label, version }: LabelRequest,
  { action, note, by }: { action: string; note: string | undefined; by: Origin },
): Promise<void> {
  const before = { label, version, labelRequest: id };
  await tellOfPrompt(tx, who, { action, targetId: promptId, before, after: { note }, by });
}
