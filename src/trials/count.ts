import type { TransactionSql } from 'postgres';
import type { EarlierAttempt, StoredOutcome } from '../db/tables/completions.ts';
import type { CompletionStatus, FinishReason } from '../domain/completion.ts';
import type { ErrorCode } from '../domain/errors.ts';
import type { Assignment, Trial, TrialKind } from '../domain/trial.ts';
import { observe, observePrompt, type Observed } from './outcome.ts';
import { addSums } from './sums.ts';

/** Completions that are counted in one statement. */
export const COUNTED_AT_ONCE = 500;

interface SettledRow {
  trial_arm: string;
  status: CompletionStatus;
  finish_reason: FinishReason | null;
  code: ErrorCode | null;
  first_token_ms: number | null;
  cost_nanos: string | null;
  earlier: EarlierAttempt[] | null;
  attempts: StoredOutcome['attempts'] | null;
  assignment: Assignment | null;
}

/**
 * Adds the settled completions of a trial to its sums, each once: the mark and the sums are written together.
 * @param tx has the trial locked, so nobody else counts them at the same time.
 * @returns how many there were.
 */
export async function countSettled(tx: TransactionSql, { id, step, spec }: Trial): Promise<number> {
  const rows = await tx<SettledRow[]>`
    UPDATE completions SET trial_counted = true
    WHERE id IN (
      SELECT id FROM completions
      WHERE trial_id = ${id} AND NOT trial_counted AND hold_state <> 'PENDING' ORDER BY id LIMIT ${COUNTED_AT_ONCE}::int)
    RETURNING trial_arm, status, finish_reason, outcome -> 'failure' ->> 'code' AS code, first_token_ms, cost_nanos::text AS cost_nanos, earlier,
      outcome -> 'attempts' AS attempts, outcome -> 'route' -> 'trial' AS assignment`;
  const addends = rows.flatMap((row) =>
    observeRow(row, spec.kind).map(({ metric, value }) => ({
      step,
      arm: row.trial_arm,
      metric,
      count: 1,
      sum: value,
      sumSquares: value * value,
    })),
  );
  await addSums(tx, id, addends);
  return rows.length;
}

function observeRow({ earlier, attempts, assignment, ...row }: SettledRow, kind: TrialKind): Observed[] {
  const costs = [...(earlier ?? []).map(({ costNanos }) => costNanos), row.cost_nanos];
  const ended = {
    status: row.status,
    costNanos: costs.includes(null) ? undefined : costs.reduce((sum, cost) => sum + Number(cost), 0),
    firstTokenMs: row.first_token_ms ?? undefined,
  };
  if (kind === 'PROMPT_EXPERIMENT')
    return observePrompt({
      ...ended,
      code: row.code ?? undefined,
      finishReason: row.finish_reason ?? undefined,
    });
  return observe({
    ...ended,
    attempts: [...(earlier ?? []), ...(attempts ?? [])].toSorted((a, b) => a.index - b.index),
    assignment: assignment ?? undefined,
  });
}
