import type { TransactionSql } from 'postgres';
import { Conflict, Forbidden, NotFound } from '../../domain/errors.ts';
import type { Origin } from '../../domain/origin.ts';
import { hasScope, withoutGrants, type Principal, type Scope } from '../../domain/principal.ts';
import { appendEvent } from '../../events/outbox.ts';
import { newId } from '../../lib/ids.ts';
import { TEXT_MAX } from './create.ts';
import type { AccessDesk } from './desk.ts';
import { findAccessRequests, type AccessRequest } from './read.ts';
import { record } from './record.ts';
import { ensureRequesterIsThere } from './requester.ts';
import { invalid } from './target.ts';

export interface Decision {
  id: string;
  approve: boolean;
  note: string | undefined;
  /** When what is granted ends; as it was asked for, unless given. */
  expiresAt: Date | undefined;
}

/**
 * Decides on a request. Of several who decide at once, one does. What is approved holds at once, on every instance.
 * @throws InvalidInput, NotFound; Forbidden for the own request and for what the decider could not give by its own
 * rights; Conflict for one that is decided, called off or has lapsed.
 */
export async function decideAccessRequest(
  desk: AccessDesk,
  who: Principal,
  decision: Decision,
  by: Origin,
): Promise<AccessRequest> {
  const { id, approve } = decision;
  const request = await findDecidable(desk, who, id);
  const note = ensureNote(decision.note);
  const expiresAt = approve ? ensureEnd(decision, request) : undefined;
  if (approve) await ensureRequesterIsThere(desk.db, request.requesterId);
  if (approve) await ensureMayGrant(desk, withoutGrants(who), request);
  await desk.sql.begin(async (tx) => {
    await close(tx, request, { status: approve ? 'APPROVED' : 'DENIED', deciderId: who.keyId, note });
    if (approve) await grant(desk, tx, request, { actorId: who.keyId, expiresAt, by });
    const act = { ...request, actorId: who.keyId, action: approve ? 'access.approve' : 'access.deny', by };
    await record(tx, act, {
      before: { status: 'PENDING' },
      after: {
        status: approve ? 'APPROVED' : 'DENIED',
        kind: request.kind,
        targetId: request.targetId,
        requesterId: request.requesterId,
        note,
        expiresAt: expiresAt?.toISOString(),
      },
    });
  });
  desk.forget(request.requesterId);
  desk.onChange();
  return (await findAccessRequests(desk.db, who, [id]))[0]!;
}

/** Takes back what one has asked for. @throws NotFound, also for those of others; Conflict for one that is over. */
export async function cancelAccessRequest(
  desk: AccessDesk,
  who: Principal,
  id: string,
  by: Origin,
): Promise<AccessRequest> {
  const [request] = await findAccessRequests(desk.db, who, [id]);
  if (request?.requesterId !== who.keyId) throw new NotFound('access request of yours', id);
  await desk.sql.begin(async (tx) => {
    await close(tx, request, { status: 'CANCELLED', deciderId: who.keyId, note: undefined });
    const act = { ...request, actorId: who.keyId, action: 'access.cancel', by };
    await record(tx, act, { before: { status: 'PENDING' }, after: { status: 'CANCELLED' } });
  });
  desk.onChange();
  return (await findAccessRequests(desk.db, who, [id]))[0]!;
}

async function findDecidable(desk: AccessDesk, who: Principal, id: string): Promise<AccessRequest> {
  const [request] = await findAccessRequests(desk.db, who, [id]);
  if (!request) throw new NotFound('access request', id);
  if (request.requesterId === who.keyId)
    throw new Forbidden('nobody decides on what they asked for themselves');
  return request;
}

function ensureNote(note: string | undefined): string | undefined {
  const text = note?.trim();
  if (text !== undefined && text.length > TEXT_MAX)
    throw invalid('note', `must hold at most ${TEXT_MAX} characters`);
  return text === '' ? undefined : text;
}

function ensureEnd({ expiresAt }: Decision, { until }: AccessRequest): Date | undefined {
  const now = new Date();
  if (expiresAt && expiresAt <= now) throw invalid('expiresAt', 'lies in the past');
  if (!expiresAt && until && until <= now)
    throw invalid('expiresAt', `is missing; it was wanted until ${until.toISOString()}, which is over`);
  return expiresAt ?? until;
}

/** @param own the decider, with what it has by itself. */
async function ensureMayGrant(desk: AccessDesk, own: Principal, request: AccessRequest): Promise<void> {
  const { kind, targetId } = request;
  switch (kind) {
    case 'SCOPE':
      if (!hasScope(own, targetId as Scope))
        throw new Forbidden(`nobody gives the scope ${targetId} without having it`);
      return;
    case 'MODEL':
    case 'ROUTE':
      if (own.models.length > 0 && !own.models.includes(targetId))
        throw new Forbidden(
          `your own key may not use ${JSON.stringify(targetId)}, only ${own.models.join(', ')}`,
        );
      return;
    case 'BUDGET_INCREASE': {
      const budget = await desk.budgets.find(own, targetId);
      if (!budget) throw new NotFound('budget', targetId);
      desk.budgets.ensureMaySet(own, budget, ['input', 'id']);
    }
  }
}

/** Whoever comes first wins: the row is locked until the commit. @throws Conflict for all the others. */
async function close(
  tx: TransactionSql,
  { id }: AccessRequest,
  {
    status,
    deciderId,
    note,
  }: { status: AccessRequest['status']; deciderId: string; note: string | undefined },
): Promise<void> {
  const now = new Date().toISOString();
  const rows = await tx`
    UPDATE access_requests
    SET status = ${status}, decider_id = ${deciderId}, decided_at = ${now}::text::timestamptz, note = ${note ?? null}
    WHERE id = ${id} AND status = 'PENDING' AND lapses_at > ${now}::text::timestamptz RETURNING id`;
  if (rows.length > 0) return;
  const [found] = await tx<{ status: string }[]>`SELECT status FROM access_requests WHERE id = ${id}`;
  const is = found?.status === 'PENDING' ? 'EXPIRED' : found?.status;
  throw new Conflict(`the request is ${is} already`);
}

async function grant(
  desk: AccessDesk,
  tx: TransactionSql,
  request: AccessRequest,
  { actorId, expiresAt, by }: { actorId: string; expiresAt: Date | undefined; by: Origin },
): Promise<void> {
  const { organisationId, teamId, requesterId, kind, targetId, amount, unit } = request;
  await tx`
    INSERT INTO access_grants (id, organisation_id, team_id, holder_id, request_id, kind, target_id, amount, unit,
      created_at, expires_at)
    VALUES (${newId('grant')}, ${organisationId}, ${teamId}, ${requesterId}, ${request.id}, ${kind}, ${targetId},
      ${amount?.toString() ?? null}::text::bigint, ${unit ?? null}, ${new Date().toISOString()}::text::timestamptz,
      ${expiresAt?.toISOString() ?? null}::text::timestamptz)`;
  await appendEvent(tx, { kind: 'KEY_CHANGED', organisationId, subjectId: requesterId });
  if (kind === 'BUDGET_INCREASE' && amount !== undefined)
    await desk.budgets.change(tx, { organisationId, budgetId: targetId, amount, actorId, by });
}
