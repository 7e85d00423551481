import type { TransactionSql } from 'postgres';
import { Conflict, InvalidInput, NotFound } from '../domain/errors.ts';
import type { Principal } from '../domain/principal.ts';
import { archivePath, checkChanges, type CheckedChanges } from './check-changes.ts';
import { decideLabels } from './decide-labels.ts';
import { decidePrompts, ensureMayArchive } from './decide-prompts.ts';
import type { Edits, PromptEdit, WantedChanges } from './edit.ts';
import { decidePartials } from './partials.ts';
import { listProtectedLabels } from './protect.ts';
import { readPrompts } from './rows.ts';
import type { PromptStore } from './store.ts';

/**
 * What becomes of the prompts and partials that there are.
 * @param checked what is wanted, as `checkChanges` has found it.
 * @throws NotFound, Conflict, also for another version than expected; InvalidInput for what cannot be published.
 */
export async function decideEdits(
  tx: TransactionSql,
  store: PromptStore,
  who: Principal,
  { wanted, checked }: { wanted: WantedChanges; checked: CheckedChanges },
): Promise<Edits> {
  const partials = await decidePartials(tx, who, wanted.partials);
  // Prompts copy the versions that are about to be made, so nobody may have made others in between.
  const isAsChecked = partials.every(({ version }, index) => version === checked.partials[index]!.version);
  const { ready } = isAsChecked ? checked : await checkChanges(tx, store, who, wanted);
  const prompts = await decidePrompts(tx, who, ready);
  const edits = {
    partials,
    prompts: [...prompts, ...(await decideArchived(tx, store, who, wanted.archive))],
  };
  ensureExpected(edits, wanted);
  await decideLabels(tx, store, who, { edits: prompts, wanted });
  return edits;
}

/** @throws NotFound; Conflict while a protected label stands for a version of one. */
async function decideArchived(
  tx: TransactionSql,
  store: PromptStore,
  who: Principal,
  slugs: readonly string[],
): Promise<PromptEdit[]> {
  if (slugs.length === 0) return [];
  const known = new Map(
    (await readPrompts(tx, who.organisationId, { slugs })).map((prompt) => [prompt.slug, prompt]),
  );
  const protectedLabels = await listProtectedLabels(tx, who);
  const edits: PromptEdit[] = [];
  for (const [index, slug] of slugs.entries()) {
    const prompt = known.get(slug);
    const at = archivePath(index);
    if (!prompt) throw new NotFound('prompt', slug, at);
    if (!prompt.archivedAt) await ensureMayArchive(tx, store, prompt, { protectedLabels, at });
    const { version } = prompt;
    const action = prompt.archivedAt ? 'UNCHANGED' : 'ARCHIVED';
    edits.push({
      action,
      version,
      changes: [],
      prompt,
      next: undefined,
      place: undefined,
      move: undefined,
    });
  }
  return edits;
}

/** @throws InvalidInput for what is not among the edits; Conflict for another version. */
function ensureExpected({ partials, prompts }: Edits, { expected }: WantedChanges): void {
  const versions = new Map<string, number>([
    ...partials.map(({ partial, version }) => [`the partial ${partial.name}`, version] as const),
    ...prompts.map(({ prompt, version }) => [`the prompt ${prompt.slug}`, version] as const),
  ]);
  for (const [index, { slug, partial, version: expectedVersion }] of expected.entries()) {
    const what = slug === undefined ? `the partial ${partial}` : `the prompt ${slug}`;
    const version = versions.get(what);
    const path = ['input', 'expect', String(index)];
    if (version === undefined) {
      const message = `${path.join('.')} names ${what}, which is not among those that are given`;
      throw new InvalidInput([{ path, message }]);
    }
    if (version === expectedVersion) continue;
    const is = version === 0 ? 'is not there' : `is at version ${version}`;
    const was = expectedVersion === 0 ? 'none' : `version ${expectedVersion}`;
    throw new Conflict(`${what} ${is}; you expected ${was}`, path);
  }
}
