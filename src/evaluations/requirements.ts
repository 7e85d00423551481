import type { ISql } from 'postgres';
import { toJsonParameter } from '../db/json.ts';
import { InvalidInput, NotFound } from '../domain/errors.ts';
import type { Grader } from '../domain/evaluation.ts';
import type { Origin } from '../domain/origin.ts';
import type { Principal } from '../domain/principal.ts';
import { ensurePrompt } from '../prompts/rows.ts';
import { changePrompts, tellOfPrompt, type PromptStore } from '../prompts/store.ts';
import { ensureLabel } from '../prompts/write-label.ts';
import { readDatasets } from './rows.ts';

/** What a label asks of each version that it is to stand for: an evaluation that has passed. */
export interface LabelRequirement {
  organisationId: string;
  label: string;
  /** Undefined: that of every prompt of the organisation. */
  promptId: string | undefined;
  /** Undefined: any. */
  datasetId: string | undefined;
  /** The least share of cases that have passed, from 0 to 1. */
  minPassRate: number;
  /** Exactly those that have judged the answers; undefined: any. */
  graders: Grader[] | undefined;
  /** Id of the key or of the user. */
  setBy: string;
  setAt: Date;
}

/** Of which prompt which label it is about. */
export interface RequirementKey {
  label: string;
  /** Undefined: every prompt of the organisation. */
  slug: string | undefined;
}

export interface WantedRequirement extends RequirementKey, Pick<LabelRequirement, 'minPassRate' | 'graders'> {
  /** Name of the dataset. */
  dataset: string | undefined;
}

/**
 * Lets a label stand from now on only for versions that have passed. What it stands for now stays.
 * @throws InvalidInput; NotFound for no such prompt or dataset.
 */
export async function setRequirement(
  store: PromptStore,
  who: Principal,
  { label, slug, dataset, minPassRate, graders }: WantedRequirement,
  by: Origin,
): Promise<LabelRequirement> {
  ensureLabel(label);
  if (!(minPassRate >= 0 && minPassRate <= 1)) {
    const message = `input.minPassRate is ${minPassRate}; it must be from 0 to 1`;
    throw new InvalidInput([{ path: ['input', 'minPassRate'], message }]);
  }
  const { organisationId, keyId } = who;
  return changePrompts(store, who, async (tx) => {
    const promptId = slug === undefined ? '' : (await ensurePrompt(tx, who, slug)).id;
    const [found] = dataset === undefined ? [] : await readDatasets(tx, organisationId, { name: dataset });
    if (dataset !== undefined && !found) throw new NotFound('dataset', dataset, ['input', 'dataset']);
    const before = await findRequirement(tx, organisationId, label, promptId);
    await tx`
      INSERT INTO label_requirements (organisation_id, label, prompt_id, dataset_id, min_pass_rate, graders, set_by, set_at)
      VALUES (${organisationId}, ${label}, ${promptId}, ${found?.id ?? null}, ${minPassRate}::float8,
        ${graders ? toJsonParameter(graders) : null}::text::jsonb, ${keyId}, now())
      ON CONFLICT (organisation_id, label, prompt_id) DO UPDATE SET dataset_id = excluded.dataset_id,
        min_pass_rate = excluded.min_pass_rate, graders = excluded.graders, set_by = excluded.set_by, set_at = excluded.set_at`;
    const after = (await findRequirement(tx, organisationId, label, promptId))!;
    await tellOfPrompt(tx, who, {
      action: 'prompt.label-require',
      targetId: promptId || organisationId,
      before: before && toRecord(before),
      after: toRecord(after),
      by,
    });
    return after;
  });
}

/** @throws NotFound where nothing is asked of it. */
export async function deleteRequirement(
  store: PromptStore,
  who: Principal,
  { label, slug }: RequirementKey,
  by: Origin,
): Promise<void> {
  const { organisationId } = who;
  await changePrompts(store, who, async (tx) => {
    const promptId = slug === undefined ? '' : (await ensurePrompt(tx, who, slug, ['slug'])).id;
    const before = await findRequirement(tx, organisationId, label, promptId);
    if (!before) throw new NotFound('requirement of the label', label, ['label']);
    await tx`
      DELETE FROM label_requirements
      WHERE organisation_id = ${organisationId} AND label = ${label} AND prompt_id = ${promptId}`;
    const targetId = promptId || organisationId;
    await tellOfPrompt(tx, who, { action: 'prompt.label-require', targetId, before: toRecord(before), by });
  });
}

interface Row {
  organisation_id: string;
  label: string;
  prompt_id: string;
  dataset_id: string | null;
  min_pass_rate: number;
  graders: Grader[] | null;
  set_by: string;
  set_ms: number;
}

/** Of an organisation, by label; there is at most one for each label of a prompt. */
export async function listRequirements(
  sql: ISql,
  organisationId: string,
  where: { label?: string; promptIds?: readonly string[] } = {},
): Promise<LabelRequirement[]> {
  const { label, promptIds } = where;
  const rows = await sql<Row[]>`
    SELECT *, extract(epoch FROM set_at)::float8 * 1000 AS set_ms FROM label_requirements
    WHERE organisation_id = ${organisationId}
      AND ${label === undefined ? sql`true` : sql`label = ${label}`}
      AND ${promptIds === undefined ? sql`true` : sql`prompt_id IN (SELECT jsonb_array_elements_text(${toJsonParameter(promptIds)}::text::jsonb))`}
    ORDER BY label, prompt_id`;
  return rows.map((row) => ({
    organisationId: row.organisation_id,
    label: row.label,
    promptId: row.prompt_id === '' ? undefined : row.prompt_id,
    datasetId: row.dataset_id ?? undefined,
    minPassRate: row.min_pass_rate,
    graders: row.graders ?? undefined,
    setBy: row.set_by,
    setAt: new Date(row.set_ms),
  }));
}

async function findRequirement(
  sql: ISql,
  organisationId: string,
  label: string,
  promptId: string,
): Promise<LabelRequirement | undefined> {
  return (await listRequirements(sql, organisationId, { label, promptIds: [promptId] }))[0];
}

function toRecord({ label, datasetId, minPassRate, graders }: LabelRequirement): Record<string, unknown> {
  return {
    label,
    dataset: datasetId,
    minPassRate,
    graders: graders?.map(({ name, type }) => ({ name, type })),
  };
}
