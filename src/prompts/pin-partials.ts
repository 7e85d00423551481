import type { ISql } from 'postgres';
import type { PinnedPartial } from '../domain/prompt.ts';
import { findNewestPartials } from './partial-rows.ts';
import { TEMPLATE_LIMITS } from './template/limits.ts';
import { listPartials } from './template/template.ts';

/**
 * Copies of the newest version of every partial that these templates use, through others too. What there is none of is
 * left out: reading the templates tells that, and where it stands.
 */
export async function pinPartials(
  sql: ISql,
  organisationId: string,
  templates: readonly string[],
): Promise<Record<string, PinnedPartial>> {
  const partials: Record<string, PinnedPartial> = {};
  const asked = new Set<string>();
  let todo = templates.flatMap(listPartials);
  while (todo.length > 0 && asked.size <= TEMPLATE_LIMITS.partials) {
    for (const name of todo) asked.add(name);
    const found = await findNewestPartials(sql, organisationId, todo);
    Object.assign(partials, Object.fromEntries(found));
    const inner = [...found.values()].flatMap(({ template }) => listPartials(template));
    todo = [...new Set(inner)].filter((name) => !asked.has(name));
  }
  return partials;
}
