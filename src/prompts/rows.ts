import type { ISql, PendingQuery, Row } from 'postgres';
import { toJsonParameter } from '../db/json.ts';
import { NotFound } from '../domain/errors.ts';
import type { Principal } from '../domain/principal.ts';
import type { Prompt, PromptSpec, PromptVersion } from '../domain/prompt.ts';
import type { Trial } from '../domain/trial.ts';
import { toTrial, type TrialRow } from '../trials/rows.ts';

/** A prompt with the version that each of its labels stands for. */
export interface LabelledPrompt extends Prompt {
  labels: ReadonlyMap<string, number>;
  /** By label: the experiment on it that was begun last. */
  experiments: ReadonlyMap<string, Trial>;
}

interface PromptRow {
  id: string;
  organisation_id: string;
  slug: string;
  folder: string;
  description: string | null;
  version: number;
  created_ms: number;
  archived_ms: number | null;
  labels: Record<string, number> | null;
  trials: TrialRow[] | null;
}

/** A condition on the rows `p` of `prompts`. */
export type PromptCondition = PendingQuery<Row[]>;

/** By slug. @param where which of those of the organisation; undefined: all. */
export async function readPrompts(
  sql: ISql,
  organisationId: string,
  where: {
    slug?: string;
    slugs?: readonly string[];
    ids?: readonly string[];
    matching?: PromptCondition;
    first?: number;
  } = {},
): Promise<LabelledPrompt[]> {
  const { slug, slugs, ids, matching, first } = where;
  const rows = await sql<PromptRow[]>`
    SELECT p.id, p.organisation_id, p.slug, p.folder, p.description, p.version,
      extract(epoch FROM p.created_at)::float8 * 1000 AS created_ms,
      extract(epoch FROM p.archived_at)::float8 * 1000 AS archived_ms,
      (SELECT jsonb_object_agg(l.name, l.version) FROM prompt_labels l WHERE l.prompt_id = p.id) AS labels,
      (SELECT jsonb_agg(to_jsonb(t.*)) FROM prompt_labels l JOIN trials t ON t.subject_id = l.prompt_id || ':' || l.name
        WHERE l.prompt_id = p.id AND t.superseded_at IS NULL) AS trials
    FROM prompts p
    WHERE p.organisation_id = ${organisationId}
      AND ${slug === undefined ? sql`true` : sql`p.slug = ${slug}`}
      AND ${slugs === undefined ? sql`true` : sql`p.slug IN (SELECT jsonb_array_elements_text(${toJsonParameter(slugs)}::text::jsonb))`}
      AND ${ids === undefined ? sql`true` : sql`p.id IN (SELECT jsonb_array_elements_text(${toJsonParameter(ids)}::text::jsonb))`}
      AND ${matching ?? sql`true`}
    ORDER BY p.slug COLLATE "C" ${first === undefined ? sql`` : sql`LIMIT ${first}::int`}`;
  return rows.map((row) => ({
    id: row.id,
    organisationId: row.organisation_id,
    slug: row.slug,
    folder: row.folder,
    description: row.description ?? undefined,
    version: row.version,
    createdAt: new Date(row.created_ms),
    archivedAt: row.archived_ms === null ? undefined : new Date(row.archived_ms),
    labels: new Map(Object.entries(row.labels ?? {})),
    experiments: new Map((row.trials ?? []).map((trial) => [labelOf(trial.subject_id), toTrial(trial)])),
  }));
}

/** @throws NotFound, also for one that is archived. */
export async function ensurePrompt(
  sql: ISql,
  { organisationId }: Pick<Principal, 'organisationId'>,
  slug: string,
  at: string[] = ['input', 'slug'],
): Promise<LabelledPrompt> {
  const [prompt] = await readPrompts(sql, organisationId, { slug });
  if (!prompt || prompt.archivedAt) throw new NotFound('prompt', slug, at);
  return prompt;
}

/** What the experiment on a label is about. */
export function subjectOf(promptId: string, label: string): string {
  return `${promptId}:${label}`;
}

function labelOf(subjectId: string): string {
  return subjectId.slice(subjectId.indexOf(':') + 1);
}

interface VersionRow {
  id: string;
  prompt_id: string;
  number: number;
  spec: PromptSpec;
  note: string | null;
  created_by: string;
  created_ms: number;
}

/** Names a version by its prompt. */
export type VersionKey = Pick<PromptVersion, 'promptId' | 'number'>;

export async function findPromptVersion(
  sql: ISql,
  organisationId: string,
  key: VersionKey,
): Promise<PromptVersion | undefined> {
  return (await findVersionsByNumber(sql, organisationId, [key]))[0];
}

export async function findVersionsByNumber(
  sql: ISql,
  organisationId: string,
  keys: readonly VersionKey[],
): Promise<PromptVersion[]> {
  const rows = await sql<VersionRow[]>`
    SELECT v.*, extract(epoch FROM v.created_at)::float8 * 1000 AS created_ms
    FROM jsonb_to_recordset(${toJsonParameter(keys)}::text::jsonb) AS x("promptId" text, number int)
      JOIN prompt_versions v ON v.prompt_id = x."promptId" AND v.number = x.number
    WHERE v.organisation_id = ${organisationId}`;
  return rows.map(toVersion);
}

export async function findPromptVersions(
  sql: ISql,
  organisationId: string,
  ids: readonly string[],
): Promise<PromptVersion[]> {
  const rows = await sql<VersionRow[]>`
    SELECT *, extract(epoch FROM created_at)::float8 * 1000 AS created_ms FROM prompt_versions
    WHERE organisation_id = ${organisationId}
      AND id IN (SELECT jsonb_array_elements_text(${toJsonParameter(ids)}::text::jsonb))`;
  return rows.map(toVersion);
}

/** Those of each prompt, the last one first. */
export async function listPromptVersions(
  sql: ISql,
  promptIds: readonly string[],
  { first, after }: { first: number; after?: string | undefined },
): Promise<PromptVersion[]> {
  const before = after === undefined ? null : Number(after);
  const rows = await sql<VersionRow[]>`
    SELECT * FROM (
      SELECT *, extract(epoch FROM created_at)::float8 * 1000 AS created_ms,
        row_number() OVER (PARTITION BY prompt_id ORDER BY number DESC) AS place
      FROM prompt_versions
      WHERE prompt_id IN (SELECT jsonb_array_elements_text(${toJsonParameter(promptIds)}::text::jsonb))
        AND (${before}::int IS NULL OR number < ${before}::int)
    ) AS found WHERE place <= ${first}::int ORDER BY prompt_id, place`;
  return rows.map(toVersion);
}

function toVersion(row: VersionRow): PromptVersion {
  return {
    id: row.id,
    promptId: row.prompt_id,
    number: row.number,
    spec: toSpec(row.spec),
    note: row.note ?? undefined,
    createdBy: row.created_by,
    createdAt: new Date(row.created_ms),
  };
}

/** JSON has no `undefined`; here every member is there. */
function toSpec({ model, outputSchema, cache, entity, variables, ...rest }: PromptSpec): PromptSpec {
  return {
    ...rest,
    variables: variables.map(({ schema, description, default: value, example, ...variable }) => ({
      ...variable,
      schema,
      description,
      default: value,
      example,
    })),
    model,
    outputSchema,
    cache,
    entity,
  };
}
