import type { ISql, TransactionSql } from 'postgres';
import { Conflict, type InputIssue } from '../domain/errors.ts';
import type { Origin } from '../domain/origin.ts';
import type { Principal } from '../domain/principal.ts';
import type { PinnedPartial } from '../domain/prompt.ts';
import { newId } from '../lib/ids.ts';
import { checkNote, PARTIAL_NAME } from './check-prompt.ts';
import type { PartialEdit, WantedPartial } from './edit.ts';
import { countPartials, findNewestPartials, readPartials } from './partial-rows.ts';
import { pinPartials } from './pin-partials.ts';
import { faultsOf, sayFault } from './spec.ts';
import type { PromptChange } from './store.ts';
import type { TemplateFault } from './template/faults.ts';
import { compilePrompt } from './template/template.ts';

const PARTIALS_MAX = 1_000;

/**
 * What becomes of partials. The same template again makes no version.
 * @throws Conflict where there would be too many.
 */
export async function decidePartials(
  sql: ISql,
  { organisationId }: Principal,
  wanted: readonly WantedPartial[],
): Promise<PartialEdit[]> {
  if (wanted.length === 0) return [];
  const names = wanted.map(({ name }) => name);
  const newest = await findNewestPartials(sql, organisationId, names);
  const ids = new Map((await readPartials(sql, organisationId, { names })).map(({ name, id }) => [name, id]));
  const added = names.filter((name) => !newest.has(name)).length;
  if (added > 0 && (await countPartials(sql, organisationId)) + added > PARTIALS_MAX)
    throw new Conflict(`an organisation has at most ${PARTIALS_MAX} partials`);
  return wanted.map((partial) => toEdit(partial, ids.get(partial.name), newest.get(partial.name)));
}

function toEdit(
  partial: WantedPartial,
  id: string | undefined,
  newest: PinnedPartial | undefined,
): PartialEdit {
  const { name, template } = partial;
  if (newest?.template === template)
    return { action: 'UNCHANGED', version: newest.version, changes: [], partial, id };
  const change = { path: ['partials', name, 'template'], before: newest?.template, after: template };
  return {
    action: newest ? 'CHANGED' : 'CREATED',
    version: newest?.version ?? 0,
    changes: [{ kind: newest ? 'PARTIAL_CHANGED' : 'PARTIAL_ADDED', ...change }],
    partial,
    id,
  };
}

/** What prompts that are made from then on copy. */
export function toPinned({ action, version, partial: { template } }: PartialEdit): PinnedPartial {
  return { version: action === 'UNCHANGED' ? version : version + 1, template };
}

/**
 * What is wrong with a partial.
 * @param given partials as they are about to be, by name; itself is among them.
 */
export async function checkPartial(
  sql: ISql,
  { organisationId }: Principal,
  { name, template, note, at }: WantedPartial,
  given: ReadonlyMap<string, PinnedPartial>,
): Promise<InputIssue[]> {
  const issues = checkNote(note, [...at, 'note']);
  if (!PARTIAL_NAME.test(name)) {
    const path = [...at, 'name'];
    const message = `${path.join('.')} is ${JSON.stringify(name.slice(0, 100))}; it must be 1 to 64 characters of a-z, 0-9, _ and -, such as "tone"`;
    return [...issues, { path, message }];
  }
  const others = await pinPartials(sql, organisationId, [template], given);
  try {
    // As a prompt would use it, with its new text in its own place.
    compilePrompt({
      messages: [{ role: 'USER', template: `{% render '${name}' %}` }],
      partials: { ...others, [name]: { template } },
    });
  } catch (error) {
    const path = [...at, 'template'];
    const message = (fault: TemplateFault) => {
      const inner =
        fault.path[1] === name ? 'has a fault' : `renders ${JSON.stringify(fault.path[1])}, where`;
      return `${path.join('.')} ${sayFault(fault, inner)}`;
    };
    issues.push(...faultsOf(error).map((fault) => ({ path, message: message(fault) })));
  }
  return issues;
}

/** @returns what is to be told of it. */
export async function writePartial(
  tx: TransactionSql,
  { organisationId, keyId }: Principal,
  { id: known, version, partial: { name, template, note } }: PartialEdit,
  by: Origin,
): Promise<PromptChange> {
  const id = known ?? newId('prmp');
  if (known === undefined)
    await tx`
      INSERT INTO prompt_partials (id, organisation_id, name, version, created_at)
      VALUES (${id}, ${organisationId}, ${name}, 0, now())`;
  const number = version + 1;
  await tx`
    INSERT INTO prompt_partial_versions (partial_id, number, template, note, created_by, created_at)
    VALUES (${id}, ${number}::int, ${template}, ${note ?? null}, ${keyId}, now())`;
  await tx`UPDATE prompt_partials SET version = ${number}::int WHERE id = ${id}`;
  return {
    action: 'prompt.partial',
    targetId: id,
    before: known === undefined ? undefined : { name, version },
    after: { name, version: number, note },
    by,
  };
}
