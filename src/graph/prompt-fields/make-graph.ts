import { setImmediate as giveWay } from 'node:timers/promises';
import type { GraphQLSchema } from 'graphql';
import type { ISql } from 'postgres';
import type { PromptVersion } from '../../domain/prompt.ts';
import type { Logger } from '../../lib/logger.ts';
import { findVersionsByNumber, type LabelledPrompt } from '../../prompts/rows.ts';
import { assemble } from './assemble.ts';
import { makePromptTypes, type PromptTypes } from './prompt-types.ts';
import type { ServedPrompt } from './root-types.ts';
import type { StaticTypes } from './static-types.ts';
import { createTypeNames } from './type-names.ts';

/** The graph of an organisation, for one label. */
export interface OrganisationGraph {
  schema: GraphQLSchema;
  /** By slug. */
  served: ReadonlyMap<string, ServedPrompt>;
  /** Why prompts that have a version for the label have no field, by slug. */
  faults: ReadonlyMap<string, string>;
}

/** A prompt and the version of it that is served for a label. */
export interface Wanted {
  prompt: LabelledPrompt;
  label: string;
  number: number;
}

export interface GraphDeps {
  statics: StaticTypes;
  sql: ISql;
  logger: Logger;
}

/** Graphs that were made before; types of their versions are taken over. */
type Older = readonly (OrganisationGraph | undefined)[];

const READ_AT_ONCE = 200;
/** Other work gets its turn after so long. */
const TURN_MS = 8;

/** Makes a graph. What is wrong with one prompt keeps no other out of it. */
export async function makeGraph(
  deps: GraphDeps,
  organisationId: string,
  wanted: readonly Wanted[],
  older: Older,
): Promise<OrganisationGraph> {
  const { statics, logger } = deps;
  const versions = await readMissing(deps.sql, organisationId, wanted, older);
  const served = new Map<string, ServedPrompt>();
  const faults = new Map<string, string>();
  const names = createTypeNames(statics);
  let turnEndsAt = performance.now() + TURN_MS;
  for (const each of wanted) {
    const { prompt, label, number } = each;
    const types = findTypes(older, each) ?? tryTypes(statics, prompt, versions.get(keyOf(each)));
    const fault = typeof types === 'string' ? types : names.take(types);
    if (typeof types !== 'string' && fault === undefined) served.set(prompt.slug, { types, label });
    else {
      faults.set(prompt.slug, fault!);
      logger.warn({ organisationId, slug: prompt.slug, version: number, fault }, 'a prompt gets no field');
    }
    if (performance.now() < turnEndsAt) continue;
    await giveWay();
    turnEndsAt = performance.now() + TURN_MS;
  }
  // The walk over all types is one piece of work, and begins a turn of its own.
  await giveWay();
  return { schema: assemble(statics, [...served.values()]), served, faults };
}

/** Names a version for good. */
export function keyOf({ prompt: { id }, number }: Wanted): string {
  return `${id} ${number}`;
}

async function readMissing(
  sql: ISql,
  organisationId: string,
  wanted: readonly Wanted[],
  older: Older,
): Promise<Map<string, PromptVersion>> {
  const missing = wanted.filter((each) => !findTypes(older, each));
  const found = new Map<string, PromptVersion>();
  for (let from = 0; from < missing.length; from += READ_AT_ONCE) {
    const keys = missing
      .slice(from, from + READ_AT_ONCE)
      .map(({ prompt: { id: promptId }, number }) => ({ promptId, number }));
    for (const version of await findVersionsByNumber(sql, organisationId, keys))
      found.set(`${version.promptId} ${version.number}`, version);
  }
  return found;
}

function findTypes(
  older: Older,
  { prompt: { id, slug, description }, number }: Wanted,
): PromptTypes | undefined {
  for (const graph of older) {
    const types = graph?.served.get(slug)?.types;
    const isIt = types?.version.promptId === id && types.version.number === number;
    if (isIt && types.prompt.description === description) return types;
  }
  return undefined;
}

/** @returns why it cannot be a field, where it cannot. */
function tryTypes(
  statics: StaticTypes,
  prompt: LabelledPrompt,
  version: PromptVersion | undefined,
): PromptTypes | string {
  if (!version) return 'there is no such version';
  try {
    return makePromptTypes(statics, prompt, version);
  } catch (error) {
    return (error as Error).message;
  }
}
