import type { ISql } from 'postgres';
import { toJsonParameter } from '../db/json.ts';
import type { PinnedPartial, PromptPartial, PromptPartialVersion } from '../domain/prompt.ts';

interface PartialRow extends Omit<PromptPartial, 'createdAt'> {
  createdMs: number;
}

/** By name. */
export async function readPartials(
  sql: ISql,
  organisationId: string,
  where: {
    ids?: readonly string[];
    names?: readonly string[];
    first?: number;
    after?: string | undefined;
  } = {},
): Promise<PromptPartial[]> {
  const { ids, names, first, after } = where;
  const rows = await sql<PartialRow[]>`
    SELECT id, organisation_id AS "organisationId", name, version,
      extract(epoch FROM created_at)::float8 * 1000 AS "createdMs"
    FROM prompt_partials
    WHERE organisation_id = ${organisationId}
      AND ${ids === undefined ? sql`true` : sql`id IN (SELECT jsonb_array_elements_text(${toJsonParameter(ids)}::text::jsonb))`}
      AND ${names === undefined ? sql`true` : sql`name IN (SELECT jsonb_array_elements_text(${toJsonParameter(names)}::text::jsonb))`}
      AND ${after === undefined ? sql`true` : sql`name COLLATE "C" > ${after}`}
    ORDER BY name COLLATE "C" ${first === undefined ? sql`` : sql`LIMIT ${first}::int`}`;
  return rows.map(({ createdMs, ...row }) => ({ ...row, createdAt: new Date(createdMs) }));
}

export async function countPartials(sql: ISql, organisationId: string): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    SELECT count(*)::int AS count FROM prompt_partials WHERE organisation_id = ${organisationId}`;
  return row!.count;
}

/** The newest version of each of these, by name; without those that there are none of. */
export async function findNewestPartials(
  sql: ISql,
  organisationId: string,
  names: readonly string[],
): Promise<Map<string, PinnedPartial>> {
  const rows = await sql<(PinnedPartial & { name: string })[]>`
    SELECT p.name, v.number AS version, v.template
    FROM prompt_partials p JOIN prompt_partial_versions v ON v.partial_id = p.id AND v.number = p.version
    WHERE p.organisation_id = ${organisationId}
      AND p.name IN (SELECT jsonb_array_elements_text(${toJsonParameter(names)}::text::jsonb))`;
  return new Map(rows.map(({ name, ...pinned }) => [name, pinned]));
}

interface VersionRow extends Omit<PromptPartialVersion, 'note' | 'createdAt'> {
  note: string | null;
  createdMs: number;
}

/** Those of each partial, the last one first. */
export async function listPartialVersions(
  sql: ISql,
  partialIds: readonly string[],
  { first, after }: { first: number; after?: string | undefined },
): Promise<PromptPartialVersion[]> {
  const before = after === undefined ? null : Number(after);
  const rows = await sql<VersionRow[]>`
    SELECT partial_id AS "partialId", number, template, note, created_by AS "createdBy",
      extract(epoch FROM created_at)::float8 * 1000 AS "createdMs"
    FROM (
      SELECT *, row_number() OVER (PARTITION BY partial_id ORDER BY number DESC) AS place
      FROM prompt_partial_versions
      WHERE partial_id IN (SELECT jsonb_array_elements_text(${toJsonParameter(partialIds)}::text::jsonb))
        AND (${before}::int IS NULL OR number < ${before}::int)
    ) AS found WHERE place <= ${first}::int ORDER BY partial_id, place`;
  return rows.map(({ createdMs, note, ...row }) => ({
    ...row,
    note: note ?? undefined,
    createdAt: new Date(createdMs),
  }));
}

/** A prompt with a copy of a partial, in its newest version or in one that a label stands for. */
export interface PartialUse {
  partialId: string;
  promptId: string;
  /** Of the prompt. */
  number: number;
  partialVersion: number;
  isOutdated: boolean;
}

/** By prompt, the newest version first; at most 1,000 of each partial. */
export async function listPartialUses(
  sql: ISql,
  organisationId: string,
  partialIds: readonly string[],
): Promise<PartialUse[]> {
  return sql<PartialUse[]>`
    SELECT "partialId", "promptId", number, "partialVersion", "partialVersion" < newest AS "isOutdated" FROM (
      SELECT pp.id AS "partialId", p.id AS "promptId", v.number, pp.version AS newest,
        (v.spec -> 'partials' -> pp.name ->> 'version')::int AS "partialVersion",
        row_number() OVER (PARTITION BY pp.id ORDER BY p.slug COLLATE "C", v.number DESC) AS place
      FROM prompt_partials pp
        JOIN prompts p ON p.organisation_id = pp.organisation_id AND p.archived_at IS NULL
        JOIN prompt_versions v ON v.prompt_id = p.id AND v.spec -> 'partials' -> pp.name IS NOT NULL
          AND (v.number = p.version
            OR EXISTS (SELECT FROM prompt_labels l WHERE l.prompt_id = p.id AND l.version = v.number))
      WHERE pp.organisation_id = ${organisationId}
        AND pp.id IN (SELECT jsonb_array_elements_text(${toJsonParameter(partialIds)}::text::jsonb))
    ) AS found WHERE place <= 1000 ORDER BY "partialId", place`;
}
