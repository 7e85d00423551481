import { setImmediate } from 'node:timers/promises';
import type { ISql } from 'postgres';
import { InvalidInput, type InputIssue } from '../domain/errors.ts';
import type { Principal } from '../domain/principal.ts';
import { checkPrompt } from './check-prompt.ts';
import type { ReadyPrompt } from './decide-prompts.ts';
import type { PartialEdit, WantedChanges, WantedPrompt } from './edit.ts';
import { checkPartial, decidePartials, toPinned } from './partials.ts';
import { prepareVersion, type Surroundings } from './prepare-version.ts';
import type { PromptStore } from './store.ts';

/** What is wanted, without a fault of its own. */
export interface CheckedChanges {
  ready: ReadyPrompt[];
  /** What was about to become of partials, as prompts have copied them. */
  partials: PartialEdit[];
}

/**
 * Checks what is wanted as a whole: prompts with the partials as they are then. It takes long where that is much, so it
 * goes before the transaction, in which others would wait for it.
 * @throws InvalidInput with every fault; Conflict for too many partials.
 */
export async function checkChanges(
  sql: ISql,
  { findModelFault }: Pick<PromptStore, 'findModelFault'>,
  who: Principal,
  wanted: WantedChanges,
): Promise<CheckedChanges> {
  const partials = await decidePartials(sql, who, wanted.partials);
  const given = new Map(partials.map((edit) => [edit.partial.name, toPinned(edit)]));
  const faulty = new Set<string>();
  const issues = listDoubles(wanted);
  for (const { partial } of partials) {
    const found = await checkPartial(sql, who, partial, given);
    if (found.length > 0) faulty.add(partial.name);
    issues.push(...found);
  }
  const { ready, faults } = await checkPrompts(sql, who, wanted.prompts, { findModelFault, given, faulty });
  issues.push(...faults);
  if (issues.length > 0) throw new InvalidInput(issues);
  return { ready, partials };
}

async function checkPrompts(
  sql: ISql,
  who: Principal,
  prompts: readonly WantedPrompt[],
  surroundings: Surroundings,
): Promise<{ ready: ReadyPrompt[]; faults: InputIssue[] }> {
  const ready: ReadyPrompt[] = [];
  const faults: InputIssue[] = [];
  for (const wanted of prompts) {
    const { slug, place, at } = wanted;
    if (place) faults.push(...checkPrompt({ slug, ...place }, at));
    const { spec, issues } = await prepareVersion(sql, who, wanted, surroundings);
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

/** Where the slug of one that is to be archived stands in the input. */
export function archivePath(index: number): string[] {
  return ['input', 'archive', String(index)];
}
