import type { ISql } from 'postgres';
import { InvalidInput, type InputIssue } from '../domain/errors.ts';
import type { Principal } from '../domain/principal.ts';
import type { PinnedPartial, PromptSpec } from '../domain/prompt.ts';
import type { WantedPrompt } from './edit.ts';
import { pinPartials } from './pin-partials.ts';
import { toSpec } from './spec.ts';
import type { PromptStore } from './store.ts';

/** What prompts are checked with. */
export interface Surroundings {
  findModelFault: PromptStore['findModelFault'];
  /** Partials as they are about to be, by name. */
  given: ReadonlyMap<string, PinnedPartial>;
  /** Those of them that have faults, which are told already. */
  faulty: ReadonlySet<string>;
}

/**
 * A version with copies of its partials, or what is wrong with it.
 * @returns no spec where there are issues, or where a partial of it is faulty.
 */
export async function prepareVersion(
  sql: ISql,
  { organisationId }: Principal,
  { version, note, at }: Pick<WantedPrompt, 'version' | 'note' | 'at'>,
  { findModelFault, given, faulty }: Surroundings,
): Promise<{ spec?: PromptSpec; issues: readonly InputIssue[] }> {
  const { messages, model } = version;
  const modelFault = model === undefined ? undefined : findModelFault(organisationId, model);
  const templates = messages.map(({ template }) => template);
  const partials = await pinPartials(sql, organisationId, templates, given);
  if (Object.keys(partials).some((name) => faulty.has(name))) return { issues: [] };
  try {
    return { spec: toSpec(version, partials, { at: [...at, 'version'], note, modelFault }), issues: [] };
  } catch (error) {
    if (error instanceof InvalidInput) return { issues: error.issues };
    throw error;
  }
}
