import type { TransactionSql } from 'postgres';
import { toJsonParameter } from '../db/json.ts';
import type { Origin } from '../domain/origin.ts';
import type { Principal } from '../domain/principal.ts';
import type { PromptVersion } from '../domain/prompt.ts';
import type { PromptPlace } from './check-prompt.ts';
import type { LabelledPrompt } from './rows.ts';
import type { PromptChange } from './store.ts';

type Named = Pick<LabelledPrompt, 'id' | 'slug' | 'folder' | 'description'>;

/** Each answers what is to be told of it. */
export async function insertPrompt(
  tx: TransactionSql,
  { organisationId }: Principal,
  { id, slug, folder, description }: Named,
  by: Origin,
): Promise<PromptChange> {
  await tx`
    INSERT INTO prompts (id, organisation_id, slug, folder, description, version, created_at)
    VALUES (${id}, ${organisationId}, ${slug}, ${folder}, ${description ?? null}, 0, now())`;
  return { action: 'prompt.create', targetId: id, after: { slug, folder, description }, by };
}

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
  return {
    action: 'prompt.update',
    targetId: prompt.id,
    before,
    after: { slug, folder, description },
    by,
  };
}

export async function insertVersion(
  tx: TransactionSql,
  { organisationId }: Principal,
  slug: string,
  { id, promptId, number, spec, note, createdBy }: PromptVersion,
  by: Origin,
): Promise<PromptChange> {
  await tx`
    INSERT INTO prompt_versions (id, prompt_id, number, organisation_id, spec, note, created_by, created_at)
    VALUES (${id}, ${promptId}, ${number}::int, ${organisationId}, ${toJsonParameter(spec)}::text::jsonb,
      ${note ?? null}, ${createdBy}, now())`;
  await tx`UPDATE prompts SET version = ${number}::int WHERE id = ${promptId}`;
  return { action: 'prompt.version', targetId: promptId, after: { slug, version: number, note }, by };
}

export async function writeArchived(
  tx: TransactionSql,
  { id, slug, labels }: LabelledPrompt,
  by: Origin,
): Promise<PromptChange> {
  await tx`UPDATE prompts SET archived_at = now() WHERE id = ${id}`;
  const before = { slug, labels: Object.fromEntries(labels) };
  return { action: 'prompt.archive', targetId: id, before, by };
}
