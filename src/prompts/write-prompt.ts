import type { TransactionSql } from 'postgres';
import { toJsonParameter } from '../db/json.ts';
import type { Origin } from '../domain/origin.ts';
import type { Principal } from '../domain/principal.ts';
import type { PromptVersion } from '../domain/prompt.ts';
import type { PromptPlace } from './check-prompt.ts';
import type { LabelledPrompt } from './rows.ts';
import type { PromptChange } from './store.ts';

type Named = Pick<LabelledPrompt, 'id' | 'slug' | 'folder' | 'description'>;

/** Without their versions. */
export async function insertPrompts(
  tx: TransactionSql,
  { organisationId }: Principal,
  prompts: readonly Named[],
): Promise<void> {
  const rows = prompts.map(({ id, slug, folder, description }) => ({ id, slug, folder, description }));
  await tx`
    INSERT INTO prompts (id, organisation_id, slug, folder, description, version, created_at)
    SELECT id, ${organisationId}, slug, folder, description, 0, now()
    FROM jsonb_to_recordset(${toJsonParameter(rows)}::text::jsonb) AS x(id text, slug text, folder text, description text)`;
}

/** Each is the newest of its prompt from then on. JSON stays as it was written: models answer in the order of a schema. */
export async function insertVersions(
  tx: TransactionSql,
  { organisationId }: Principal,
  versions: readonly PromptVersion[],
): Promise<void> {
  const rows = toJsonParameter(versions);
  await tx`
    INSERT INTO prompt_versions (id, prompt_id, number, organisation_id, spec, note, created_by, created_at)
    SELECT id, "promptId", number, ${organisationId}, spec, note, "createdBy", now()
    FROM json_to_recordset(${rows}::text::json)
      AS x(id text, "promptId" text, number int, spec json, note text, "createdBy" text)`;
  await tx`
    UPDATE prompts p SET version = x.number
    FROM jsonb_to_recordset(${rows}::text::jsonb) AS x("promptId" text, number int)
    WHERE p.id = x."promptId"`;
}

/** @returns what is to be told of it. */
export async function writePlace(
  tx: TransactionSql,
  prompt: Named,
  { folder, description }: PromptPlace,
  by: Origin,
): Promise<PromptChange> {
  await tx`
    UPDATE prompts SET folder = ${folder}, description = ${description ?? null} WHERE id = ${prompt.id}`;
  const { slug } = prompt;
  const before = { slug, folder: prompt.folder, description: prompt.description };
  const after = { slug, folder, description };
  return { action: 'prompt.update', targetId: prompt.id, before, after, by };
}

/** @returns what is to be told of it. */
export async function writeArchived(
  tx: TransactionSql,
  { id, slug, labels }: LabelledPrompt,
  by: Origin,
): Promise<PromptChange> {
  await tx`UPDATE prompts SET archived_at = now() WHERE id = ${id}`;
  const before = { slug, labels: Object.fromEntries(labels) };
  return { action: 'prompt.archive', targetId: id, before, by };
}
