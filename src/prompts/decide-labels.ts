import type { TransactionSql } from 'postgres';
import { Conflict, InvalidInput, type InputIssue } from '../domain/errors.ts';
import type { Principal } from '../domain/principal.ts';
import type { PromptVersion } from '../domain/prompt.ts';
import type { PromptEdit, WantedChanges } from './edit.ts';
import { isProtected } from './protect.ts';
import { findVersionsByNumber } from './rows.ts';
import type { PromptStore } from './store.ts';
import { ensureLabel } from './write-label.ts';

/**
 * Says in each edit where the label goes: to the version that is made, or else to the newest one.
 * @throws InvalidInput for what cannot be a label, and with everything that cannot be published; Conflict.
 */
export async function decideLabels(
  tx: TransactionSql,
  store: PromptStore,
  who: Principal,
  { edits, wanted: { label, prompts } }: { edits: PromptEdit[]; wanted: WantedChanges },
): Promise<void> {
  if (label === undefined) return;
  ensureLabel(label);
  const needsTwo = await isProtected(tx, who, label);
  const standing = await readNewest(tx, who, edits);
  const issues: InputIssue[] = [];
  for (const [index, edit] of edits.entries()) {
    const { prompt, next } = edit;
    const version = next ?? standing.get(prompt.id)!;
    const from = prompt.labels.get(label);
    if (from === version.number) continue;
    const { at, note } = prompts[index]!;
    const found = await findFaults(tx, store, { prompt, label, version }, at);
    issues.push(...found);
    edit.move = { label, from, to: version.number, isProtected: needsTwo, note };
  }
  if (issues.length > 0) throw new InvalidInput(issues);
}

async function readNewest(
  tx: TransactionSql,
  { organisationId }: Principal,
  edits: readonly PromptEdit[],
): Promise<Map<string, PromptVersion>> {
  const staying = edits.filter(({ next }) => !next);
  const keys = staying.map(({ prompt }) => ({ promptId: prompt.id, number: prompt.version }));
  const found = await findVersionsByNumber(tx, organisationId, keys);
  return new Map(found.map((version) => [version.promptId, version]));
}

/** Told where the prompt stands, as nobody has named its version. @throws Conflict. */
async function findFaults(
  tx: TransactionSql,
  { checkPublishable }: PromptStore,
  publishing: Parameters<PromptStore['checkPublishable']>[1],
  at: string[],
): Promise<InputIssue[]> {
  try {
    await checkPublishable(tx, publishing);
    return [];
  } catch (error) {
    if (error instanceof Conflict) throw new Conflict(`${publishing.prompt.slug}: ${error.message}`, at);
    if (!(error instanceof InvalidInput)) throw error;
    return error.issues.map(({ message }) => ({ path: at, message }));
  }
}
