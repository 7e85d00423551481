import type { TransactionSql } from 'postgres';
import type { Origin } from '../domain/origin.ts';
import type { Principal } from '../domain/principal.ts';
import { decideEdits } from './decide.ts';
import type { Edits, PromptEdit, WantedChanges } from './edit.ts';
import { moveOrAsk } from './labels.ts';
import { writePartial } from './partials.ts';
import { changePrompts, tellOfPrompts, type PromptChange, type PromptStore } from './store.ts';
import { insertPrompts, insertVersions, writeArchived, writePlace } from './write-prompt.ts';

/**
 * Sets prompts and partials, archives prompts and moves a label, in one transaction and checked as a whole.
 * @throws InvalidInput with every fault; NotFound; Conflict, also for another version than expected.
 */
export async function applyPrompts(
  store: PromptStore,
  who: Principal,
  wanted: WantedChanges,
  by: Origin,
): Promise<Edits> {
  if (wanted.dryRun) return store.sql.begin((tx) => decideEdits(tx, store, who, wanted));
  return changePrompts(store, who, async (tx) => {
    const edits = await decideEdits(tx, store, who, wanted);
    await writeEdits(tx, who, edits, by);
    return edits;
  });
}

async function writeEdits(
  tx: TransactionSql,
  who: Principal,
  { partials, prompts }: Edits,
  by: Origin,
): Promise<void> {
  const changes: PromptChange[] = [];
  for (const edit of partials)
    if (edit.action !== 'UNCHANGED') changes.push(await writePartial(tx, who, edit, by));
  const created = prompts.filter(({ action }) => action === 'CREATED');
  await insertPrompts(
    tx,
    who,
    created.map(({ prompt }) => prompt),
  );
  await insertVersions(
    tx,
    who,
    prompts.flatMap(({ next }) => next ?? []),
  );
  for (const edit of prompts) changes.push(...(await writeRest(tx, edit, by)));
  if (changes.length > 0) await tellOfPrompts(tx, who, changes);
  for (const { prompt, move } of prompts) {
    if (!move) continue;
    const { label, to: version, note } = move;
    const outcome = await moveOrAsk(tx, who, { prompt, label, version }, { note, by });
    move.requestId = outcome.requestId;
  }
}

/** What is not written yet. @returns what is to be told of the whole edit. */
async function writeRest(
  tx: TransactionSql,
  { action, prompt, next, place }: PromptEdit,
  by: Origin,
): Promise<PromptChange[]> {
  const { id: targetId, slug, folder, description } = prompt;
  if (action === 'ARCHIVED') return [await writeArchived(tx, prompt, by)];
  if (action === 'CREATED')
    return [{ action: 'prompt.create', targetId, after: { slug, folder, description }, by }];
  const moved = place ? [await writePlace(tx, prompt, place, by)] : [];
  if (!next) return moved;
  const { number: version, note } = next;
  return [...moved, { action: 'prompt.version', targetId, after: { slug, version, note }, by }];
}
