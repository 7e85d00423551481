import type { Origin } from '../domain/origin.ts';
import type { Principal } from '../domain/principal.ts';
import { applyPrompts } from './apply.ts';
import type { WantedChanges, WantedPartial, WantedPrompt } from './edit.ts';
import type { PromptStore } from './store.ts';

const NOTHING = { partials: [], prompts: [], archive: [], label: undefined, expected: [], dryRun: false };
const at = ['input'];

/**
 * Makes a prompt with its first version. No label stands for it yet.
 * @throws InvalidInput with every fault of it; Conflict where the slug, or the field that it gives, is taken.
 */
export async function createPrompt(
  store: PromptStore,
  who: Principal,
  wanted: Omit<WantedPrompt, 'at' | 'how'>,
  by: Origin,
): Promise<void> {
  const changes: WantedChanges = { ...NOTHING, prompts: [{ ...wanted, at, how: 'NEW' }] };
  await applyPrompts(store, who, changes, by);
}

/**
 * Makes the next version of a prompt. Labels stay where they are.
 * @returns its id.
 * @throws InvalidInput with every fault of it; NotFound for no such prompt.
 */
export async function createVersion(
  store: PromptStore,
  who: Principal,
  wanted: Omit<WantedPrompt, 'at' | 'how' | 'place'>,
  by: Origin,
): Promise<string> {
  const changes: WantedChanges = {
    ...NOTHING,
    prompts: [{ ...wanted, place: undefined, at, how: 'NEXT' }],
  };
  const { prompts } = await applyPrompts(store, who, changes, by);
  return prompts[0]!.next!.id;
}

/**
 * Makes a partial, or the next version of it; the same template again makes none. Versions of prompts keep the copy that
 * they have; the next one of each takes the new one.
 * @throws InvalidInput with every fault.
 */
export async function setPartial(
  store: PromptStore,
  who: Principal,
  wanted: Omit<WantedPartial, 'at'>,
  by: Origin,
): Promise<void> {
  await applyPrompts(store, who, { ...NOTHING, partials: [{ ...wanted, at }] }, by);
}
