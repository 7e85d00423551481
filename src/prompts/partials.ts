import type { TransactionSql } from 'postgres';
import { Conflict, InvalidInput, type InputIssue } from '../domain/errors.ts';
import type { Origin } from '../domain/origin.ts';
import type { Principal } from '../domain/principal.ts';
import { newId } from '../lib/ids.ts';
import { checkNote } from './check-prompt.ts';
import { countPartials, findNewestPartials, readPartials } from './partial-rows.ts';
import { pinPartials } from './pin-partials.ts';
import { faultsOf, sayFault } from './spec.ts';
import { changePrompts, tellOfPrompt, type PromptStore } from './store.ts';
import type { TemplateFault } from './template/faults.ts';
import { compilePrompt } from './template/template.ts';

const NAME = /^[a-z][a-z0-9_-]{0,63}$/;
const PARTIALS_MAX = 1_000;

export interface WantedPartial {
  name: string;
  template: string;
  note: string | undefined;
}

/**
 * Makes a partial, or the next version of it; the same template again makes none. Versions of prompts keep the copy that
 * they have; the next one of each takes the new one.
 * @throws InvalidInput with every fault.
 */
export async function setPartial(
  store: PromptStore,
  who: Principal,
  wanted: WantedPartial,
  by: Origin,
): Promise<void> {
  const issues = await listFaults(store, who, wanted);
  if (issues.length > 0) throw new InvalidInput(issues);
  const { name, template } = wanted;
  await changePrompts(store, who, async (tx) => {
    const newest = (await findNewestPartials(tx, who.organisationId, [name])).get(name);
    if (newest?.template === template) return;
    const id = await appendVersion(tx, who, wanted);
    await tellOfPrompt(tx, who, {
      action: 'prompt.partial',
      targetId: id,
      before: newest && { name, version: newest.version },
      after: { name, version: (newest?.version ?? 0) + 1, note: wanted.note },
      by,
    });
  });
}

async function listFaults(
  { sql }: PromptStore,
  { organisationId }: Principal,
  { name, template, note }: WantedPartial,
): Promise<InputIssue[]> {
  const issues = checkNote(note, ['input', 'note']);
  if (!NAME.test(name)) {
    const path = ['input', 'name'];
    const message = `input.name is ${JSON.stringify(name.slice(0, 100))}; it must be 1 to 64 characters of a-z, 0-9, _ and -, such as "tone"`;
    return [...issues, { path, message }];
  }
  const others = await pinPartials(sql, organisationId, [template]);
  try {
    // As a prompt would use it, with its new text in its own place.
    compilePrompt({
      messages: [{ role: 'USER', template: `{% render '${name}' %}` }],
      partials: { ...others, [name]: { template } },
    });
  } catch (error) {
    const path = ['input', 'template'];
    const message = (fault: TemplateFault) => {
      const inner =
        fault.path[1] === name ? 'has a fault' : `renders ${JSON.stringify(fault.path[1])}, where`;
      return `input.template ${sayFault(fault, inner)}`;
    };
    issues.push(...faultsOf(error).map((fault) => ({ path, message: message(fault) })));
  }
  return issues;
}

/** @returns the id of the partial. */
async function appendVersion(
  tx: TransactionSql,
  { organisationId, keyId }: Principal,
  { name, template, note }: WantedPartial,
): Promise<string> {
  const [known] = await readPartials(tx, organisationId, { names: [name] });
  const { id, version } = known ?? { id: newId('prmp'), version: 0 };
  if (!known) {
    if ((await countPartials(tx, organisationId)) >= PARTIALS_MAX)
      throw new Conflict(`an organisation has at most ${PARTIALS_MAX} partials`);
    await tx`
      INSERT INTO prompt_partials (id, organisation_id, name, version, created_at)
      VALUES (${id}, ${organisationId}, ${name}, 0, now())`;
  }
  await tx`
    INSERT INTO prompt_partial_versions (partial_id, number, template, note, created_by, created_at)
    VALUES (${id}, ${version + 1}::int, ${template}, ${note ?? null}, ${keyId}, now())`;
  await tx`UPDATE prompt_partials SET version = ${version + 1}::int WHERE id = ${id}`;
  return id;
}
