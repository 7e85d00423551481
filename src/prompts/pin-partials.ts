import type { ISql } from 'postgres';
import type { PinnedPartial } from '../domain/prompt.ts';
import { findNewestPartials } from './partial-rows.ts';
import { listPartials } from './template/template.ts';

/** Partials that use one another; more is a slip. */
const MAX_PINNED = 100;

/** Copies of partials, and what could not be copied. */
export interface Pinned {
  partials: Record<string, PinnedPartial>;
  /** Names that templates use and that stand for nothing. */
  missing: { name: string; usedIn: string[] }[];
}

/**
 * The newest version of every partial that these templates use, through others too.
 * @param templates by where they stand.
 * @param given those that are known already, whatever the organisation has.
 */
export async function pinPartials(
  sql: ISql,
  organisationId: string,
  templates: readonly { at: string[]; template: string }[],
  given: Readonly<Record<string, PinnedPartial>> = {},
): Promise<Pinned> {
  const partials: Record<string, PinnedPartial> = {};
  const missing: Pinned['missing'] = [];
  let todo = namesIn(templates);
  while (todo.size > 0 && Object.keys(partials).length <= MAX_PINNED) {
    const found = await findNewestPartials(sql, organisationId, [...todo.keys()]);
    const next = new Map<string, string[]>();
    for (const [name, usedIn] of todo) {
      const partial = Object.hasOwn(given, name) ? given[name] : found.get(name);
      if (!partial) {
        missing.push({ name, usedIn });
        continue;
      }
      partials[name] = partial;
      for (const [inner] of namesIn([{ at: usedIn, template: partial.template }])) next.set(inner, usedIn);
    }
    todo = new Map([...next].filter(([name]) => !Object.hasOwn(partials, name)));
    for (const { name } of missing) todo.delete(name);
  }
  return { partials, missing };
}

function namesIn(templates: readonly { at: string[]; template: string }[]): Map<string, string[]> {
  return new Map(templates.flatMap(({ at, template }) => listPartials(template).map((name) => [name, at])));
}
