import type { ISql } from 'postgres';
import type { PinnedPartial } from '../domain/prompt.ts';
import { findNewestPartials } from './partial-rows.ts';
import { TEMPLATE_LIMITS } from './template/limits.ts';
import { listPartials } from './template/template.ts';

/**
 * Copies of the newest version of every partial that these templates use, through others too. What there is none of is
 * left out: reading the templates tells that, and where it stands.
 * @param given partials that are about to be what they say here, by name.
 */
export async function pinPartials(
  sql: ISql,
  organisationId: string,
  templates: readonly string[],
  given: ReadonlyMap<string, PinnedPartial> = new Map(),
): Promise<Record<string, PinnedPartial>> {
  const partials: Record<string, PinnedPartial> = {};
  const asked = new Set<string>();
  let todo = templates.flatMap(listPartials);
  while (todo.length > 0 && asked.size <= TEMPLATE_LIMITS.partials) {
    for (const name of todo) asked.add(name);
    const others = todo.filter((name) => !given.has(name));
    const found: Map<string, PinnedPartial> =
      others.length === 0 ? new Map() : await findNewestPartials(sql, organisationId, others);
    for (const name of todo) if (given.has(name)) found.set(name, given.get(name)!);
    Object.assign(partials, Object.fromEntries(found));
    const inner = [...found.values()].flatMap(({ template }) => listPartials(template));
    todo = [...new Set(inner)].filter((name) => !asked.has(name));
  }
  return partials;
}
