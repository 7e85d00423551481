import type { TransactionSql } from 'postgres';
import { toJsonParameter } from '../db/json.ts';
import { Conflict, InvalidInput, NotFound } from '../domain/errors.ts';
import type { Origin } from '../domain/origin.ts';
import type { Principal } from '../domain/principal.ts';
import { fieldNameOf, type PromptSpec } from '../domain/prompt.ts';
import { newId } from '../lib/ids.ts';
import { readPrompts, type LabelledPrompt } from './rows.ts';
import { toSpec, type WantedSpec } from './spec.ts';
import { changePrompts, tellOfPrompt, type PromptStore } from './store.ts';

const SLUG = /^(?=.{1,64}$)[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

export interface NewPrompt {
  slug: string;
  folder: string;
  description: string | undefined;
  version: WantedSpec;
  note: string | undefined;
}

/**
 * Makes a prompt with its first version. No label stands for it yet.
 * @throws InvalidInput with every fault of it; Conflict where the slug, or the field that it gives, is taken.
 */
export async function createPrompt(
  store: PromptStore,
  who: Principal,
  wanted: NewPrompt,
  by: Origin,
): Promise<string> {
  ensureSlug(wanted.slug);
  const spec = toSpec(wanted.version, ['input', 'version']);
  const { organisationId } = who;
  const { slug, folder, description } = wanted;
  return changePrompts(store, who, async (tx) => {
    ensureFree(slug, await readPrompts(tx, organisationId));
    const id = newId('prm');
    await tx`
      INSERT INTO prompts (id, organisation_id, slug, folder, description, version, created_at)
      VALUES (${id}, ${organisationId}, ${slug}, ${folder}, ${description ?? null}, 0, now())`;
    const after = { slug, folder, ...(description !== undefined && { description }) };
    await appendVersion(tx, who, { id, slug, version: 0 }, { spec, note: wanted.note });
    await tellOfPrompt(tx, who, { action: 'prompt.create', targetId: id, after, by });
    return slug;
  });
}

/**
 * Makes the next version of a prompt. Labels stay where they are.
 * @throws InvalidInput with every fault of it; NotFound for no such prompt.
 */
export async function createVersion(
  store: PromptStore,
  who: Principal,
  wanted: { slug: string; version: WantedSpec; note: string | undefined },
  by: Origin,
): Promise<string> {
  const spec = toSpec(wanted.version, ['input', 'version']);
  return changePrompts(store, who, async (tx) => {
    const prompt = await ensurePrompt(tx, who, wanted.slug);
    const { id, number } = await appendVersion(tx, who, prompt, { spec, note: wanted.note });
    const after = {
      slug: prompt.slug,
      version: number,
      ...(wanted.note !== undefined && { note: wanted.note }),
    };
    await tellOfPrompt(tx, who, { action: 'prompt.version', targetId: prompt.id, after, by });
    return id;
  });
}

/** @throws NotFound. */
export async function ensurePrompt(
  tx: TransactionSql,
  { organisationId }: Principal,
  slug: string,
): Promise<LabelledPrompt> {
  const [prompt] = await readPrompts(tx, organisationId, { slug });
  if (!prompt || prompt.archivedAt) throw new NotFound('prompt', slug, ['input', 'slug']);
  return prompt;
}

async function appendVersion(
  tx: TransactionSql,
  { organisationId, keyId }: Principal,
  prompt: Pick<LabelledPrompt, 'id' | 'slug' | 'version'>,
  { spec, note }: { spec: PromptSpec; note: string | undefined },
): Promise<{ id: string; number: number }> {
  const id = newId('prmv');
  const number = prompt.version + 1;
  await tx`
    INSERT INTO prompt_versions (id, prompt_id, number, organisation_id, spec, note, created_by, created_at)
    VALUES (${id}, ${prompt.id}, ${number}::int, ${organisationId}, ${toJsonParameter(spec)}::text::jsonb,
      ${note ?? null}, ${keyId}, now())`;
  await tx`UPDATE prompts SET version = ${number}::int WHERE id = ${prompt.id}`;
  return { id, number };
}

function ensureSlug(slug: string): void {
  if (SLUG.test(slug)) return;
  const message = `input.slug is ${JSON.stringify(slug.slice(0, 100))}; it must be 1 to 64 characters like "summarize-ticket"`;
  throw new InvalidInput([{ path: ['input', 'slug'], message }]);
}

/** Archived ones keep theirs: what was recorded of them names them. */
function ensureFree(slug: string, prompts: readonly LabelledPrompt[]): void {
  if (prompts.some((prompt) => prompt.slug === slug)) throw new Conflict(`there is a prompt ${slug} already`);
  const field = fieldNameOf(slug);
  const other = prompts.find((prompt) => fieldNameOf(prompt.slug).toLowerCase() === field.toLowerCase());
  if (other)
    throw new Conflict(
      `input.slug: the prompt ${other.slug} gives the field ${fieldNameOf(other.slug)}, too near to ${field}; take another slug`,
    );
}
