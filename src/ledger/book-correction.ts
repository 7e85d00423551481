import type { TransactionSql } from 'postgres';
import { toJsonParameter } from '../db/json.ts';
import type { Principal } from '../domain/principal.ts';
import { POSTING_CTES } from './budgets/posting.ts';
import { changeOf, type Correction, type CorrectionTarget } from './correction.ts';
import { JOURNAL_CTES } from './journal.ts';

/** A correction that may be made, and the windows of budgets that it counts in. */
export interface Booking {
  who: Principal;
  correction: Correction;
  target: CorrectionTarget;
  windows: string[];
}

/** To the budgets a correction is a settlement that held nothing. */
const BOOK = `
  WITH closed AS (
    SELECT x.*, 'POSTED' AS hold_state, 0::bigint AS used_tokens, (
        SELECT jsonb_agg(jsonb_build_object('window', id::bigint, 'unit', 'MONEY', 'amount', 0))
        FROM jsonb_array_elements_text($2::text::jsonb) AS id
      ) AS budget_holds
    FROM jsonb_to_record($1::text::jsonb) AS x(organisation_id text, team_id text, key_id text, completion_id text,
      kind text, amount_nanos bigint, cost_nanos bigint, debit text, credit text, actor_key_id text, note text)
  ),
  ${POSTING_CTES},
  lines AS (
    SELECT organisation_id, team_id, key_id, completion_id, 0 AS attempt, kind, amount_nanos, debit, credit,
      NULL AS price_id, actor_key_id, note
    FROM closed, windows_first
  ),
  ${JOURNAL_CTES},
  announced AS (
    INSERT INTO outbox (organisation_id, kind, subject_id)
    SELECT organisation_id, 'LEDGER_CORRECTED', id::text FROM entries
    UNION ALL
    SELECT organisation_id, 'ALERT_RAISED', id::text FROM raised
  )
  SELECT id::text AS id FROM entries`;

/**
 * Moves the money, counts it in the budgets' windows and announces it, in one statement.
 * @returns the id of the new entry.
 */
export async function bookCorrection(tx: TransactionSql, booking: Booking): Promise<string> {
  const [entry] = await tx.unsafe<{ id: string }[]>(BOOK, [
    toJsonParameter(toRow(booking)),
    toJsonParameter(booking.windows),
  ]);
  return entry!.id;
}

function toRow({ who, correction, target }: Booking) {
  const { organisationId } = who;
  const { kind, completionId, amountNanos, reason } = correction;
  const spent = `spent:${target.teamId}`;
  const against =
    target.provider === undefined
      ? `credits:${organisationId}`
      : `payable:${organisationId}:${target.provider}`;
  const [debit, credit] = kind === 'CREDIT' ? [against, spent] : [spent, against];
  return {
    organisation_id: organisationId,
    team_id: target.teamId,
    key_id: target.keyId,
    completion_id: completionId,
    kind,
    amount_nanos: amountNanos.toString(),
    cost_nanos: changeOf(correction).toString(),
    debit,
    credit,
    actor_key_id: who.keyId,
    note: reason.trim(),
  };
}
