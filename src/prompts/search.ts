import type { ISql } from 'postgres';
import { toJsonParameter } from '../db/json.ts';
import type { StringFilter } from '../db/match-text.ts';
import { readPrompts, type LabelledPrompt, type PromptCondition } from './rows.ts';

/** Every given member must hold. */
export interface PromptFilter {
  slug?: StringFilter | undefined;
  /** With those inside of it. */
  folder?: string | undefined;
  /** It has this label. */
  label?: string | undefined;
  /**
   * Stands in the slug, in the description, or in a template of the newest version or of one that a label stands for,
   * whatever the case of letters.
   */
  text?: string | undefined;
  /** Those that are archived; otherwise those that are not. */
  archived?: boolean | undefined;
}

/** By slug. */
export async function listPrompts(
  sql: ISql,
  organisationId: string,
  filter: PromptFilter,
  { first, after }: { first: number; after?: string | undefined },
): Promise<LabelledPrompt[]> {
  const rest = after === undefined ? sql`true` : sql`p.slug COLLATE "C" > ${after}`;
  return readPrompts(sql, organisationId, { matching: sql`${matching(sql, filter)} AND ${rest}`, first });
}

export async function countPrompts(sql: ISql, organisationId: string, filter: PromptFilter): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    SELECT count(*)::int AS count FROM prompts p
    WHERE p.organisation_id = ${organisationId} AND ${matching(sql, filter)}`;
  return row!.count;
}

/** A folder, with how many prompts stand in it and in those inside of it. */
export interface PromptFolder {
  path: string;
  prompts: number;
}

/** Folders with prompts that are not archived, by path; those that only hold folders too. */
export function toFolders(prompts: Iterable<LabelledPrompt>): PromptFolder[] {
  const counts = new Map<string, number>();
  for (const { folder } of prompts) {
    const names = folder === '' ? [] : folder.split('/');
    names.forEach((_, depth) => {
      const path = names.slice(0, depth + 1).join('/');
      counts.set(path, (counts.get(path) ?? 0) + 1);
    });
  }
  return [...counts]
    .map(([path, many]) => ({ path, prompts: many }))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

/** `strpos` and not LIKE: a pattern language in a caller's hands is a way to make the database work. */
function matching(
  sql: ISql,
  { slug = {}, folder, label, text, archived = false }: PromptFilter,
): PromptCondition {
  const always = sql`true`;
  const { eq, in: list, contains } = slug;
  return sql`
    p.archived_at IS ${archived ? sql`NOT NULL` : sql`NULL`}
    AND ${eq === undefined ? always : sql`p.slug = ${eq}`}
    AND ${list === undefined ? always : sql`p.slug IN (SELECT jsonb_array_elements_text(${toJsonParameter(list)}::text::jsonb))`}
    AND ${contains === undefined ? always : sql`strpos(p.slug, ${contains}) > 0`}
    AND ${folder === undefined || folder === '' ? always : sql`(p.folder = ${folder} OR starts_with(p.folder, ${`${folder}/`}))`}
    AND ${label === undefined ? always : sql`EXISTS (SELECT FROM prompt_labels l WHERE l.prompt_id = p.id AND l.name = ${label})`}
    AND ${text === undefined ? always : holding(sql, text)}`;
}

function holding(sql: ISql, text: string): PromptCondition {
  const isIn = (what: PromptCondition) => sql`strpos(lower(${what}), lower(${text})) > 0`;
  return sql`(
    ${isIn(sql`p.slug`)} OR ${isIn(sql`coalesce(p.description, '')`)} OR EXISTS (
      SELECT FROM prompt_versions v
      WHERE v.prompt_id = p.id
        AND (v.number = p.version
          OR EXISTS (SELECT FROM prompt_labels l WHERE l.prompt_id = p.id AND l.version = v.number))
        AND (EXISTS (SELECT FROM json_array_elements(v.spec -> 'messages') AS m WHERE ${isIn(sql`m ->> 'template'`)})
          OR EXISTS (SELECT FROM json_each(v.spec -> 'partials') AS c WHERE ${isIn(sql`c.value ->> 'template'`)}))
    ))`;
}
