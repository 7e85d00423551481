import type { ISql } from 'postgres';
import { toJsonParameter } from '../db/json.ts';
import type { Trial } from '../domain/trial.ts';
import { NO_SUMS, type Sums } from '../lib/mean-evidence.ts';
import type { SumsOf } from './judge.ts';

/** Step of what belongs to none. */
export const ALL_STEPS = -1;

/** What is to be added; a value in the place of another one adds their difference, and no count. */
export interface Addend extends Sums {
  step: number;
  arm: string;
  metric: string;
}

export async function addSums(tx: ISql, trialId: string, addends: readonly Addend[]): Promise<void> {
  if (addends.length === 0) return;
  await tx`
    INSERT INTO trial_sums (trial_id, step, arm, metric, count, sum, sum_squares)
    SELECT ${trialId}::text, step, arm, metric, sum(count), sum(sum), sum("sumSquares")
    FROM jsonb_to_recordset(${toJsonParameter(addends)}::text::jsonb)
      AS x(step int, arm text, metric text, count bigint, sum float8, "sumSquares" float8)
    GROUP BY step, arm, metric
    ON CONFLICT (trial_id, step, arm, metric) DO UPDATE SET count = trial_sums.count + excluded.count,
      sum = trial_sums.sum + excluded.sum, sum_squares = trial_sums.sum_squares + excluded.sum_squares`;
}

interface SumRow {
  trial_id: string;
  arm: string;
  metric: string;
  count: number;
  sum: number;
  sum_squares: number;
}

/** Of each trial those of the step that runs, and of what belongs to none. */
export async function readSums(sql: ISql, trials: readonly Pick<Trial, 'id' | 'step'>[]): Promise<SumsOf[]> {
  const wanted = toJsonParameter(trials.map(({ id, step }) => ({ id, step })));
  const rows = await sql<SumRow[]>`
    SELECT s.trial_id, s.arm, s.metric, s.count::float8 AS count, s.sum, s.sum_squares
    FROM jsonb_to_recordset(${wanted}::text::jsonb) AS x(id text, step int)
      JOIN trial_sums s ON s.trial_id = x.id AND s.step IN (x.step, ${ALL_STEPS}::int)`;
  const keyOf = (...names: string[]) => names.join('\n');
  const known = new Map(
    rows.map(({ trial_id: id, arm, metric, count, sum, sum_squares: sumSquares }) => [
      keyOf(id, arm, metric),
      { count, sum, sumSquares },
    ]),
  );
  return trials.map(
    ({ id }) =>
      (arm, metric) =>
        known.get(keyOf(id, arm, metric)) ?? NO_SUMS,
  );
}
