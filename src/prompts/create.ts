import type { TransactionSql } from 'postgres';
import { toJsonParameter } from '../db/json.ts';
import { Conflict, InvalidInput, NotFound, type InputIssue } from '../domain/errors.ts';
import type { Origin } from '../domain/origin.ts';
import type { Principal } from '../domain/principal.ts';
import { fieldNameOf, type PromptSpec } from '../domain/prompt.ts';
import { newId } from '../lib/ids.ts';
import { checkPrompt } from './check-prompt.ts';
import { pinPartials } from './pin-partials.ts';
import { readPrompts, type LabelledPrompt } from './rows.ts';
import { toSpec, type WantedSpec } from './spec.ts';
import { changePrompts, tellOfPrompt, type PromptStore } from './store.ts';

/** All of an organisation are kept in memory, by their slugs and labels. */
const PROMPTS_MAX = 10_000;

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
  const spec = await prepare(store, who, wanted, checkPrompt(wanted));
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
  const spec = await prepare(store, who, wanted, []);
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

/**
 * Checks a version with copies of the partials as they are now.
 * @param issues what is wrong beside it.
 * @throws InvalidInput with all of it.
 */
async function prepare(
  { sql, findModelFault }: PromptStore,
  { organisationId }: Principal,
  { version, note }: Pick<NewPrompt, 'version' | 'note'>,
  issues: InputIssue[],
): Promise<PromptSpec> {
  const { messages, model } = version;
  const modelFault = model === undefined ? undefined : findModelFault(organisationId, model);
  const partials = await pinPartials(
    sql,
    organisationId,
    messages.map(({ template }) => template),
  );
  try {
    const spec = toSpec(version, partials, { at: ['input', 'version'], note, modelFault });
    if (issues.length === 0) return spec;
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    issues.push(...error.issues);
  }
  throw new InvalidInput(issues);
}

/** @throws NotFound. */
export async function ensurePrompt(
  tx: TransactionSql,
  { organisationId }: Principal,
  slug: string,
  at: string[] = ['input', 'slug'],
): Promise<LabelledPrompt> {
  const [prompt] = await readPrompts(tx, organisationId, { slug });
  if (!prompt || prompt.archivedAt) throw new NotFound('prompt', slug, at);
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
    VALUES (${id}, ${prompt.id}, ${number}::int, ${organisationId}, ${toJsonParameter(spec)}::text::json,
      ${note ?? null}, ${keyId}, now())`;
  await tx`UPDATE prompts SET version = ${number}::int WHERE id = ${prompt.id}`;
  return { id, number };
}

/** Archived ones keep theirs: what was recorded of them names them. */
function ensureFree(slug: string, prompts: readonly LabelledPrompt[]): void {
  if (prompts.length >= PROMPTS_MAX)
    throw new Conflict(`an organisation has at most ${PROMPTS_MAX} prompts, archived ones among them`);
  if (prompts.some((prompt) => prompt.slug === slug)) throw new Conflict(`there is a prompt ${slug} already`);
  const field = fieldNameOf(slug);
  const other = prompts.find((prompt) => fieldNameOf(prompt.slug).toLowerCase() === field.toLowerCase());
  if (other)
    throw new Conflict(
      `input.slug: the prompt ${other.slug} gives the field ${fieldNameOf(other.slug)}, too near to ${field}; take another slug`,
    );
}
