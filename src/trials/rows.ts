import type { ISql } from 'postgres';
import { toJsonParameter } from '../db/json.ts';
import type {
  CanarySpec,
  ExperimentSpec,
  PromptExperimentSpec,
  Trial,
  TrialSpec,
  TrialKind,
  TrialState,
  TrialVerdict,
} from '../domain/trial.ts';
import { newId } from '../lib/ids.ts';

/** A row of `trials` as `to_jsonb` writes it. */
export interface TrialRow {
  id: string;
  organisation_id: string;
  subject_id: string;
  subject_name: string;
  kind: TrialKind;
  spec: CanarySpec | ExperimentSpec | PromptExperimentSpec;
  state: TrialState;
  step: number;
  step_started_at: string;
  started_at: string;
  ended_at: string | null;
  verdict: TrialVerdict | null;
}

export function toTrial(row: TrialRow): Trial {
  return {
    id: row.id,
    organisationId: row.organisation_id,
    subjectId: row.subject_id,
    subjectName: row.subject_name,
    spec: toTrialSpec(row),
    state: row.state,
    step: row.step,
    stepStartedAt: new Date(row.step_started_at),
    startedAt: new Date(row.started_at),
    endedAt: row.ended_at === null ? undefined : new Date(row.ended_at),
    verdict: row.verdict ?? undefined,
  };
}

function toTrialSpec({ kind, spec }: Pick<TrialRow, 'kind' | 'spec'>): TrialSpec {
  return (kind === 'CANARY' ? { kind, canary: spec } : { kind, experiment: spec }) as TrialSpec;
}

/** All that stand, of every organisation. */
export async function listTrials(sql: ISql): Promise<Trial[]> {
  const rows = await sql<{ trial: TrialRow }[]>`
    SELECT to_jsonb(t.*) AS trial FROM trials t WHERE superseded_at IS NULL`;
  return rows.map(({ trial }) => toTrial(trial));
}

/** Begins a trial in the place of the one that there was; without a specification there is none from then on. */
export async function beginTrial(
  tx: ISql,
  subject: { organisationId: string; id: string; name: string },
  spec: TrialSpec | undefined,
): Promise<void> {
  await tx`UPDATE trials SET superseded_at = now() WHERE subject_id = ${subject.id} AND superseded_at IS NULL`;
  if (!spec) return;
  await tx`
    INSERT INTO trials (id, organisation_id, subject_id, subject_name, kind, spec, state, step, step_started_at, started_at)
    VALUES (${newId('trial')}, ${subject.organisationId}, ${subject.id}, ${subject.name}, ${spec.kind},
      ${toStored(spec)}::text::jsonb, 'RUNNING', 0, now(), now())`;
}

/**
 * Ends what is compared on a label, of every prompt of the organisation.
 * @returns the ids of the trials.
 */
export async function endPromptTrials(tx: ISql, organisationId: string, label: string): Promise<string[]> {
  const ended = await tx<{ id: string }[]>`
    UPDATE trials SET superseded_at = now()
    WHERE organisation_id = ${organisationId} AND kind = 'PROMPT_EXPERIMENT' AND superseded_at IS NULL
      AND spec ->> 'label' = ${label}
    RETURNING id`;
  return ended.map(({ id }) => id);
}

/** The trial of a subject stays as it stands, with other names for some of its models. */
export async function renameInTrial(tx: ISql, subjectId: string, spec: TrialSpec): Promise<void> {
  await tx`
    UPDATE trials SET spec = ${toStored(spec)}::text::jsonb WHERE subject_id = ${subjectId} AND superseded_at IS NULL`;
}

function toStored(spec: TrialSpec) {
  return toJsonParameter(spec.kind === 'CANARY' ? spec.canary : spec.experiment);
}

/**
 * The trial, if it still stands, locked until the end of the transaction: whoever changes it or its sums has it alone.
 * @returns with how long its step has lasted.
 */
export async function lockTrial(tx: ISql, id: string): Promise<{ trial: Trial; stepMs: number } | undefined> {
  const [row] = await tx<{ trial: TrialRow; step_ms: number }[]>`
    SELECT to_jsonb(t.*) AS trial, extract(epoch FROM clock_timestamp() - step_started_at)::float8 * 1000 AS step_ms
    FROM trials t WHERE id = ${id} AND superseded_at IS NULL FOR UPDATE`;
  return row && { trial: toTrial(row.trial), stepMs: row.step_ms };
}
