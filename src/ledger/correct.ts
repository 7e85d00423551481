import type { ISql, TransactionSql } from 'postgres';
import type { Database } from '../db/database.ts';
import type { BudgetHold, HoldState } from '../db/tables/completions.ts';
import { subjectOf } from '../domain/budget.ts';
import { Forbidden, InvalidInput, NotFound } from '../domain/errors.ts';
import { ensureIdempotencyKey } from '../domain/idempotency-key.ts';
import type { Origin } from '../domain/origin.ts';
import { hasScope, type Principal } from '../domain/principal.ts';
import { appendAudit } from '../events/audit.ts';
import { formatNanos } from '../lib/money.ts';
import { bookCorrection } from './book-correction.ts';
import { listOpenWindows, openMoneyWindows } from './budgets/money-windows.ts';
import {
  changeOf,
  ensureCorrection,
  hashCorrection,
  type Correction,
  type CorrectionTarget,
} from './correction.ts';
import { claimCorrectionKey, keepCorrectionKey } from './correction-keys.ts';
import { readEntry, type LedgerEntry } from './entries.ts';

/** What booking corrections needs. */
export interface CorrectionDesk {
  database: Database;
  /** Is called after each commit. */
  onBooked: () => void;
}

/**
 * Books a correction: the journal, the budgets it counts in, the audit and the event, all or nothing. The same
 * idempotency key with the same correction is booked once.
 * @throws InvalidInput, NotFound for what the caller may not see, IdempotencyKeyUsed, and Forbidden for whoever is no
 * admin and would lower the spending of their own team: nobody gives money to themselves.
 */
export async function correct(
  { database: { sql, db }, onBooked }: CorrectionDesk,
  who: Principal,
  correction: Correction,
  by: Origin & { idempotencyKey: string | undefined },
): Promise<LedgerEntry> {
  ensureCorrection(correction);
  const key = by.idempotencyKey === undefined ? undefined : toKey(who, correction, by.idempotencyKey);
  const target = await findTarget(sql, who, correction);
  if (!hasScope(who, 'ADMIN') && changeOf(correction) < 0n)
    throw new Forbidden('only an admin may lower what the own team has spent', ['input', 'amount']);
  const budgets = correction.completionId ? [] : await openMoneyWindows(sql, subjectsOf(who, target));
  const id = await sql.begin(async (tx) => {
    const earlier = key && (await claimCorrectionKey(tx, key));
    if (earlier) return earlier;
    const windows = correction.completionId
      ? await lockCompletion(tx, correction.completionId, changeOf(correction))
      : await listOpenWindows(tx, budgets);
    const entryId = await bookCorrection(tx, { who, correction, target, windows });
    if (key) await keepCorrectionKey(tx, key, entryId);
    await appendAudit(tx, toAudit(who, correction, { target, entryId, by }));
    return entryId;
  });
  onBooked();
  return readEntry(db, id);
}

function toKey({ keyId }: Principal, correction: Correction, idempotencyKey: string) {
  ensureIdempotencyKey(idempotencyKey);
  return { keyId, idempotencyKey, hash: hashCorrection(correction) };
}

async function findTarget(sql: ISql, who: Principal, correction: Correction): Promise<CorrectionTarget> {
  const { completionId, teamId = '', keyId } = correction;
  const mayCorrect = (team: string) => hasScope(who, 'ADMIN') || team === who.teamId;
  if (completionId !== undefined) {
    const [row] = await sql<{ team_id: string; key_id: string; provider: string }[]>`
      SELECT team_id, key_id, provider FROM completions
      WHERE id = ${completionId} AND organisation_id = ${who.organisationId}`;
    if (!row || !mayCorrect(row.team_id)) throw notFound('completion', 'completionId', completionId);
    return { teamId: row.team_id, keyId: row.key_id, provider: row.provider };
  }
  const [team] = await sql`
    SELECT id FROM teams WHERE id = ${teamId} AND organisation_id = ${who.organisationId}`;
  if (!team || !mayCorrect(teamId)) throw notFound('team', 'teamId', teamId);
  if (keyId === undefined) return { teamId, keyId: null, provider: undefined };
  const [key] = await sql`SELECT id FROM api_keys WHERE id = ${keyId} AND team_id = ${teamId}`;
  if (!key) throw notFound('API key of this team', 'keyId', keyId);
  return { teamId, keyId, provider: undefined };
}

function subjectsOf({ organisationId }: Principal, { teamId, keyId }: CorrectionTarget) {
  const subjects = [subjectOf('ORGANISATION', organisationId), subjectOf('TEAM', teamId)];
  return { organisationId, subjects: keyId === null ? subjects : [...subjects, subjectOf('KEY', keyId)] };
}

/**
 * Keeps other corrections of the completion out until the commit.
 * @returns the windows that its cost was counted in.
 * @throws InvalidInput when it still runs, or would come to less than nothing.
 */
async function lockCompletion(tx: TransactionSql, id: string, change: bigint): Promise<string[]> {
  const [row] = await tx<{ hold_state: HoldState; budget_holds: BudgetHold[] | null }[]>`
    SELECT hold_state, budget_holds FROM completions WHERE id = ${id} FOR UPDATE`;
  if (row?.hold_state === 'PENDING')
    throw invalid('completionId', 'is a completion that still runs; correct it once it has ended');
  const [booked] = await tx<{ cost: string }[]>`
    SELECT coalesce(sum(CASE kind WHEN 'CREDIT' THEN -amount_nanos ELSE amount_nanos END), 0)::text AS cost
    FROM ledger_entries WHERE completion_id = ${id} AND kind IN ('SETTLE', 'ADJUST', 'CREDIT')`;
  const cost = BigInt(booked?.cost ?? 0);
  if (cost + change < 0n)
    throw invalid('amount', `takes off more than the ${formatNanos(cost)} USD that the completion comes to`);
  return (row?.budget_holds ?? []).filter(({ unit }) => unit === 'MONEY').map(({ window }) => String(window));
}

function toAudit(
  { organisationId, keyId }: Principal,
  { kind, completionId, amountNanos, reason }: Correction,
  { target, entryId, by: { requestId, ip } }: { target: CorrectionTarget; entryId: string; by: Origin },
) {
  return {
    organisationId,
    actorId: keyId,
    action: kind === 'CREDIT' ? 'ledger.credit' : 'ledger.adjust',
    targetId: `ent_${entryId}`,
    after: {
      teamId: target.teamId,
      keyId: target.keyId,
      completionId: completionId ?? null,
      amount: formatNanos(amountNanos),
      reason: reason.trim(),
    },
    requestId,
    ip,
  };
}

function invalid(name: string, what: string): InvalidInput {
  return new InvalidInput([{ path: ['input', name], message: `input.${name} ${what}` }]);
}

function notFound(what: string, name: string, id: string): NotFound {
  return new NotFound(what, id, ['input', name]);
}
