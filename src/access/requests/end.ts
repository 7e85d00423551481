import type { ISql, TransactionSql } from 'postgres';
import { Forbidden, NotFound } from '../../domain/errors.ts';
import type { Origin } from '../../domain/origin.ts';
import { hasScope, type Principal } from '../../domain/principal.ts';
import { SYSTEM } from '../../events/audit.ts';
import { appendEvent } from '../../events/outbox.ts';
import { findGrants, type AccessGrant } from '../grants.ts';
import type { AccessDesk } from './desk.ts';
import { record } from './record.ts';

/** How many end in one turn of the job. */
const AT_ONCE = 200;

type Ending = Pick<
  AccessGrant,
  'id' | 'organisationId' | 'holderId' | 'requestId' | 'kind' | 'targetId' | 'amount'
>;

/**
 * Ends a grant now, on every instance. Revoking twice is no error.
 * @throws NotFound; Forbidden for whoever neither holds it nor decides for its team.
 */
export async function revokeGrant(
  desk: AccessDesk,
  who: Principal,
  id: string,
  by: Origin,
): Promise<AccessGrant> {
  const [grant] = await findGrants(desk.db, who, [id]);
  if (!grant) throw new NotFound('access grant', id);
  if (grant.holderId !== who.keyId && !hasScope(who, 'ACCESS_DECIDE'))
    throw new Forbidden('only its holder, or who has ACCESS_DECIDE, ends a grant');
  await desk.sql.begin((tx) => end(desk, tx, grant, { action: 'access.revoke', actorId: who.keyId, by }));
  desk.forget(grant.holderId);
  desk.onChange();
  return (await findGrants(desk.db, who, [id]))[0]!;
}

/**
 * Ends what has run out: what a budget was raised by is taken back. Scopes and models end by themselves at their time, on
 * every instance; here it is only written down.
 * @returns how many.
 */
export async function endDueGrants(desk: AccessDesk): Promise<number> {
  const now = new Date().toISOString();
  const due = await readGrants(
    desk.sql,
    desk.sql`
    ended_at IS NULL AND expires_at <= ${now}::text::timestamptz ORDER BY expires_at LIMIT ${AT_ONCE}`,
  );
  const by = { requestId: 'its end has come' };
  for (const grant of due) {
    await desk.sql.begin((tx) => end(desk, tx, grant, { action: 'access.end', actorId: SYSTEM, by }));
    desk.forget(grant.holderId);
  }
  if (due.length > 0) desk.onChange();
  return due.length;
}

/** A budget that is set or deleted is without what it was raised by; its limit is left as it is. */
export async function supersedeIncreases(
  tx: TransactionSql,
  budget: { id: string; organisationId: string },
  by: Origin,
): Promise<void> {
  const open = await readGrants(
    tx,
    tx`
    ended_at IS NULL AND kind = 'BUDGET_INCREASE' AND target_id = ${budget.id} ORDER BY id`,
  );
  for (const grant of open)
    if (await close(tx, grant)) await tell(tx, grant, { action: 'access.supersede', actorId: SYSTEM, by });
}

/**
 * Ends the scopes, models and routes that a user was granted in a team that it leaves: who comes back begins anew. By what a
 * budget was raised stays until its time, since others may spend it too. Before anything else that the audit is told.
 */
export async function endRights(
  tx: TransactionSql,
  { organisationId, userId, teamId }: { organisationId: string; userId: string; teamId: string },
  { actorId, by }: Pick<Ended, 'actorId' | 'by'>,
): Promise<void> {
  const open = await readGrants(
    tx,
    tx`
    ended_at IS NULL AND kind <> 'BUDGET_INCREASE' AND holder_id = ${userId} AND team_id = ${teamId}
      AND organisation_id = ${organisationId} ORDER BY id`,
  );
  const closed: Ending[] = [];
  // All of them first: whoever ends one of them at the same time has it locked, and waits for the end of the chain.
  for (const grant of open) if (await close(tx, grant)) closed.push(grant);
  for (const grant of closed) await tell(tx, grant, { action: 'access.revoke', actorId, by });
}

/** Lets requests that nobody decided on lapse. @returns how many. */
export async function lapseRequests({ sql, onChange }: AccessDesk): Promise<number> {
  const lapsed = await sql.begin(async (tx) => {
    const rows = await tx<{ id: string; organisation_id: string }[]>`
      UPDATE access_requests SET status = 'EXPIRED' WHERE id IN (
        SELECT id FROM access_requests WHERE status = 'PENDING'
          AND lapses_at <= ${new Date().toISOString()}::text::timestamptz ORDER BY lapses_at, id LIMIT ${AT_ONCE} FOR UPDATE SKIP LOCKED
      ) RETURNING id, organisation_id`;
    const by = { requestId: 'nobody decided on it' };
    // Always in one order, or two instances could wait for each other at the ends of two chains.
    for (const row of rows.toSorted((a, b) => (a.organisation_id < b.organisation_id ? -1 : 1))) {
      const act = {
        id: row.id,
        organisationId: row.organisation_id,
        action: 'access.lapse',
        actorId: SYSTEM,
        by,
      };
      await record(tx, act, { before: { status: 'PENDING' }, after: { status: 'EXPIRED' } });
    }
    return rows.length;
  });
  if (lapsed > 0) onChange();
  return lapsed;
}

interface Ended {
  action: string;
  actorId: string;
  by: Origin;
}

/**
 * Exactly once, whoever comes first. The budget is locked before the grant, as where budgets are set, and its windows
 * before the end of the audit's chain, as where corrections are booked: so nobody waits in a circle.
 */
async function end(desk: AccessDesk, tx: TransactionSql, grant: Ending, how: Ended): Promise<void> {
  const { organisationId, kind, targetId: budgetId, amount } = grant;
  const raised = kind === 'BUDGET_INCREASE' ? amount : undefined;
  if (raised !== undefined) await desk.budgets.lock(tx, budgetId);
  if (!(await close(tx, grant))) return;
  if (raised !== undefined)
    await desk.budgets.change(tx, {
      organisationId,
      budgetId,
      amount: -raised,
      actorId: how.actorId,
      by: how.by,
    });
  await tell(tx, grant, how);
}

/** @returns false for one that had ended. */
async function close(tx: TransactionSql, { id }: Ending): Promise<boolean> {
  const rows = await tx`
    UPDATE access_grants SET ended_at = ${new Date().toISOString()}::text::timestamptz
    WHERE id = ${id} AND ended_at IS NULL RETURNING id`;
  return rows.length > 0;
}

async function tell(tx: TransactionSql, grant: Ending, { action, actorId, by }: Ended): Promise<void> {
  const { id: grantId, organisationId, holderId, kind, targetId, requestId: id } = grant;
  await appendEvent(tx, { kind: 'KEY_CHANGED', organisationId, subjectId: holderId });
  await record(
    tx,
    { id, organisationId, action, actorId, by },
    { before: { grantId, holderId, kind, targetId } },
  );
}

async function readGrants(sql: ISql, where: ReturnType<ISql>): Promise<Ending[]> {
  return sql<Ending[]>`
    SELECT id, organisation_id AS "organisationId", holder_id AS "holderId", request_id AS "requestId", kind,
      target_id AS "targetId", amount
    FROM access_grants WHERE ${where as never}`;
}
