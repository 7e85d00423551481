import { PRODUCTION, type PromptVersion } from '../domain/prompt.ts';
import { findVersionsByNumber, type LabelledPrompt } from './rows.ts';
import type { PromptStore } from './store.ts';

/** A prompt with the version that is served. */
export interface PublishedPrompt extends Pick<LabelledPrompt, 'slug' | 'folder' | 'description'> {
  version: PromptVersion;
}

type Published = Promise<readonly PublishedPrompt[]>;

/** By the map that the book holds, which is another one as soon as anything changes. */
const known = new WeakMap<ReadonlyMap<string, LabelledPrompt>, Published>();

/** Those of an organisation that are published, by their slugs. The same list until something changes. */
export async function listPublished(
  { sql, book }: Pick<PromptStore, 'sql' | 'book'>,
  organisationId: string,
): Published {
  const prompts = await book.list(organisationId);
  const listed = known.get(prompts) ?? readPublished({ sql, organisationId }, [...prompts.values()]);
  known.set(prompts, listed);
  // What failed is read anew.
  listed.catch(() => known.delete(prompts));
  return listed;
}

async function readPublished(
  { sql, organisationId }: Pick<PromptStore, 'sql'> & { organisationId: string },
  prompts: readonly LabelledPrompt[],
): Published {
  const served = prompts.flatMap((prompt) => {
    const number = prompt.labels.get(PRODUCTION);
    return number === undefined ? [] : [{ prompt, number }];
  });
  const keys = served.map(({ prompt: { id }, number }) => ({ promptId: id, number }));
  const versions = await findVersionsByNumber(sql, organisationId, keys);
  const byPrompt = new Map(versions.map((version) => [version.promptId, version]));
  return served
    .flatMap(({ prompt: { id, slug, folder, description } }) => {
      const version = byPrompt.get(id);
      return version ? [{ slug, folder, description, version }] : [];
    })
    .toSorted((a, b) => (a.slug < b.slug ? -1 : 1));
}
