import type { TransactionSql } from 'postgres';
import { toJsonParameter } from '../db/json.ts';
import type { AlertKind } from '../domain/alert.ts';
import type { Trial, TrialState } from '../domain/trial.ts';
import { appendAudit, SYSTEM } from '../events/audit.ts';
import { appendEvent } from '../events/outbox.ts';
import type { Decision } from './judge.ts';

/** How a trial ends: what people are told, and what the audit calls it. */
const ENDS = {
  ROLLED_BACK: {
    alert: 'CANARY_ROLLED_BACK',
    action: 'canary.roll-back',
    says: (name: string) => `the canary of ${name} was rolled back`,
  },
  PROMOTED: {
    alert: 'CANARY_PROMOTED',
    action: 'canary.promote',
    says: (name: string) => `the canary of ${name} has taken over`,
  },
  DECIDED: {
    alert: 'EXPERIMENT_DECIDED',
    action: 'experiment.decide',
    says: (name: string) => `the experiment of ${name} has a winner`,
  },
  STOPPED: {
    alert: 'EXPERIMENT_DECIDED',
    action: 'experiment.stop',
    says: (name: string) => `the experiment of ${name} has stopped without a winner`,
  },
} as const satisfies Record<Exclude<TrialState, 'RUNNING'>, { alert: AlertKind } & Record<string, unknown>>;

/** Writes what was decided, and tells every instance; the end of a trial is told to people too. The last of a transaction. */
export async function conclude(tx: TransactionSql, trial: Trial, decision: Decision): Promise<void> {
  const { id, organisationId, subjectId } = trial;
  const { state, step, verdict } = decision;
  const isOver = state !== 'RUNNING';
  await tx`
    UPDATE trials SET state = ${state}, step = ${step}::int, verdict = ${verdict ? toJsonParameter(verdict) : null}::text::jsonb,
      step_started_at = CASE WHEN step = ${step}::int THEN step_started_at ELSE clock_timestamp() END,
      ended_at = CASE WHEN ${isOver} THEN clock_timestamp() END
    WHERE id = ${id}`;
  await appendEvent(tx, { kind: 'TRIAL_CHANGED', organisationId, subjectId });
  if (!isOver) return;
  await raiseAlert(tx, trial, decision, ENDS[state]);
  await appendAudit(tx, {
    organisationId,
    actorId: SYSTEM,
    action: ENDS[state].action,
    targetId: subjectId,
    before: { trial: id, state: trial.state, step: trial.step },
    after: { trial: id, state, step, ...verdict },
    requestId: `trial ${id}`,
  });
}

async function raiseAlert(
  tx: TransactionSql,
  { id, organisationId, subjectId, subjectName }: Trial,
  { verdict }: Decision,
  { alert: kind, says }: (typeof ENDS)[keyof typeof ENDS],
): Promise<void> {
  const message = `${says(JSON.stringify(subjectName))}: ${verdict?.message ?? ''}`;
  const detail = toJsonParameter({ trialId: id, subjectId, subject: subjectName, ...verdict, message });
  const [raised] = await tx<{ id: string }[]>`
    INSERT INTO alerts (organisation_id, kind, about, detail)
    VALUES (${organisationId}, ${kind}, ${`trial:${id}`}, ${detail}::text::jsonb)
    ON CONFLICT (about) DO NOTHING RETURNING id::text AS id`;
  if (raised) await appendEvent(tx, { kind: 'ALERT_RAISED', organisationId, subjectId: raised.id });
}
