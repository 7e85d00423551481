import { NotFound } from '../domain/errors.ts';
import type { Origin } from '../domain/origin.ts';
import type { Principal } from '../domain/principal.ts';
import { ensurePlace } from './check-prompt.ts';
import { ensureMayArchive, isSamePlace } from './decide-prompts.ts';
import { listProtectedLabels } from './protect.ts';
import { ensurePrompt, readPrompts } from './rows.ts';
import { changePrompts, tellOfPrompt, type PromptStore } from './store.ts';
import { writeArchived, writePlace } from './write-prompt.ts';

/** Where a prompt stands and what it is for; what is undefined stays. */
export interface PromptUpdate {
  slug: string;
  folder: string | undefined;
  /** Empty: none. */
  description: string | undefined;
}

/** @throws InvalidInput, NotFound. */
export async function updatePrompt(
  store: PromptStore,
  who: Principal,
  { slug, ...wanted }: PromptUpdate,
  by: Origin,
): Promise<void> {
  ensurePlace(wanted);
  await changePrompts(store, who, async (tx) => {
    const prompt = await ensurePrompt(tx, who, slug);
    const { folder = prompt.folder, description = prompt.description } = wanted;
    const after = { folder, description: description === '' ? undefined : description };
    if (isSamePlace(prompt, after)) return;
    await tellOfPrompt(tx, who, await writePlace(tx, prompt, after, by));
  });
}

/**
 * From now on a prompt is shown no more and answers no more; what it has said stays. Archiving twice is no error.
 * @throws NotFound; Conflict while a protected label stands for a version of it.
 */
export async function archivePrompt(
  store: PromptStore,
  who: Principal,
  slug: string,
  by: Origin,
): Promise<void> {
  await changePrompts(store, who, async (tx) => {
    const [prompt] = await readPrompts(tx, who.organisationId, { slug });
    if (!prompt) throw new NotFound('prompt', slug, ['slug']);
    if (prompt.archivedAt) return;
    await ensureMayArchive(tx, store, prompt, { protectedLabels: await listProtectedLabels(tx, who) });
    await tellOfPrompt(tx, who, await writeArchived(tx, prompt, by));
  });
}

/**
 * Brings an archived prompt back with its labels, but for those that have become protected since. Of one that is not
 * archived nothing changes.
 * @throws NotFound.
 */
export async function restorePrompt(
  store: PromptStore,
  who: Principal,
  slug: string,
  by: Origin,
): Promise<void> {
  await changePrompts(store, who, async (tx) => {
    const [prompt] = await readPrompts(tx, who.organisationId, { slug });
    if (!prompt) throw new NotFound('prompt', slug, ['slug']);
    if (!prompt.archivedAt) return;
    await tx`UPDATE prompts SET archived_at = NULL WHERE id = ${prompt.id}`;
    await tx`
      DELETE FROM prompt_labels WHERE prompt_id = ${prompt.id}
        AND name IN (SELECT name FROM prompt_protected_labels WHERE organisation_id = ${who.organisationId})`;
    const restored = await ensurePrompt(tx, who, slug);
    const after = { slug, labels: Object.fromEntries(restored.labels) };
    await tellOfPrompt(tx, who, { action: 'prompt.restore', targetId: prompt.id, after, by });
  });
}
