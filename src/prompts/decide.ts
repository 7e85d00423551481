import { setImmediate } from 'node:timers/promises';
import type { TransactionSql } from 'postgres';
import { Conflict, InvalidInput, NotFound, type InputIssue } from '../domain/errors.ts';
import type { Principal } from '../domain/principal.ts';
import { checkPrompt } from './check-prompt.ts';
import { decideLabels } from './decide-labels.ts';
import { decidePrompts, ensureMayArchive, type ReadyPrompt } from './decide-prompts.ts';
import type { Edits, PromptEdit, WantedChanges, WantedPrompt } from './edit.ts';
import { checkPartial, decidePartials, toPinned } from './partials.ts';
import { prepareVersion, type Surroundings } from './prepare-version.ts';
import { listProtectedLabels } from './protect.ts';
import { readPrompts } from './rows.ts';
import type { PromptStore } from './store.ts';

/**
 * What becomes of the prompts and partials that there are, checked as a whole: prompts with the partials as they are then.
 * @throws InvalidInput with every fault; NotFound, Conflict, also for another version than expected.
 */
export async function decideEdits(
  tx: TransactionSql,
  store: PromptStore,
  who: Principal,
  wanted: WantedChanges,
): Promise<Edits> {
  const partials = await decidePartials(tx, who, wanted.partials);
  const given = new Map(partials.map((edit) => [edit.partial.name, toPinned(edit)]));
  const faulty = new Set<string>();
  const issues = listDoubles(wanted);
  for (const { partial } of partials) {
    const found = await checkPartial(tx, who, partial, given);
    if (found.length > 0) faulty.add(partial.name);
    issues.push(...found);
  }
  const { findModelFault } = store;
  const { ready, faults } = await checkPrompts(tx, who, wanted.prompts, { findModelFault, given, faulty });
  issues.push(...faults);
  if (issues.length > 0) throw new InvalidInput(issues);
  const prompts = await decidePrompts(tx, who, ready);
  const edits = {
    partials,
    prompts: [...prompts, ...(await decideArchived(tx, store, who, wanted.archive))],
  };
  ensureExpected(edits, wanted);
  await decideLabels(tx, store, who, { edits: prompts, wanted });
  return edits;
}

async function checkPrompts(
  tx: TransactionSql,
  who: Principal,
  prompts: readonly WantedPrompt[],
  surroundings: Surroundings,
): Promise<{ ready: ReadyPrompt[]; faults: InputIssue[] }> {
  const ready: ReadyPrompt[] = [];
  const faults: InputIssue[] = [];
  for (const wanted of prompts) {
    const { slug, place, at } = wanted;
    if (place) faults.push(...checkPrompt({ slug, ...place }, at));
    const { spec, issues } = await prepareVersion(tx, who, wanted, surroundings);
    faults.push(...issues);
    if (spec) ready.push({ wanted, spec });
    // Many templates take long to read, and others wait for their turn.
    await setImmediate();
  }
  return { ready, faults };
}

function listDoubles({ partials, prompts, archive }: WantedChanges): InputIssue[] {
  const named = [
    ...partials.map(({ name, at }) => ({ key: `partial ${name}`, name, path: [...at, 'name'] })),
    ...prompts.map(({ slug, at }) => ({ key: `prompt ${slug}`, name: slug, path: [...at, 'slug'] })),
    ...archive.map((slug, index) => ({ key: `prompt ${slug}`, name: slug, path: archivePath(index) })),
  ];
  const seen = new Set<string>();
  return named.flatMap(({ key, name, path }) => {
    if (!seen.has(key)) {
      seen.add(key);
      return [];
    }
    return [{ path, message: `${path.join('.')} is ${JSON.stringify(name)} a second time` }];
  });
}

function archivePath(index: number): string[] {
  return ['input', 'archive', String(index)];
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
