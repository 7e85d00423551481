import { setImmediate as giveWay } from 'node:timers/promises';
import type { GraphQLSchema } from 'graphql';
import { LRUCache } from 'lru-cache';
import { LATEST, PRODUCTION, type PromptVersion } from '../../domain/prompt.ts';
import type { Logger } from '../../lib/logger.ts';
import { findVersionsByNumber, type LabelledPrompt } from '../../prompts/rows.ts';
import type { PromptStore } from '../../prompts/store.ts';
import { assemble } from './assemble.ts';
import { makePromptTypes, type PromptTypes } from './prompt-types.ts';
import type { ServedPrompt } from './root-types.ts';
import type { StaticTypes } from './static-types.ts';
import { createTypeNames, type TypeNames } from './type-names.ts';

/** The graph of an organisation, for one label. */
export interface OrganisationGraph {
  schema: GraphQLSchema;
  /** By slug. */
  served: ReadonlyMap<string, ServedPrompt>;
  /** Why prompts that have a version for the label have no field, by slug. */
  faults: ReadonlyMap<string, string>;
}

/** The graphs of all organisations. */
export interface OrganisationGraphs {
  statics: StaticTypes;
  /**
   * The graph as it stands. Whoever has got one keeps it: it never changes, another is made.
   * @param label prompts without it are served for `production`.
   */
  find(organisationId: string, label?: string): Promise<OrganisationGraph>;
}

interface Entry {
  /** What it was made of; the book gives the same map until something may have changed. */
  prompts: ReadonlyMap<string, LabelledPrompt>;
  wanted: readonly Wanted[];
  graph: Promise<OrganisationGraph>;
  /** Once it is made. */
  made?: OrganisationGraph;
}

/** A prompt and the version of it that is served for a label. */
interface Wanted {
  prompt: LabelledPrompt;
  label: string;
  number: number;
}

type Deps = { prompts: Pick<PromptStore, 'sql' | 'book'>; logger: Logger };

/** Those that were asked last; by the number of their prompts too, which is what they take in memory. */
const KEPT = { max: 200, maxSize: 50_000 };
const READ_AT_ONCE = 200;
/** Other work gets its turn after so long. */
const TURN_MS = 8;

/** Types of a version are made once and go from each graph into the next. */
export function createOrganisationGraphs(
  { prompts: { sql, book }, logger }: Deps,
  statics: StaticTypes,
): OrganisationGraphs {
  const entries = new LRUCache<string, Entry>({
    ...KEPT,
    sizeCalculation: ({ wanted }) => wanted.length + 1,
  });
  const plain: OrganisationGraph = { schema: statics.schema, served: new Map(), faults: new Map() };

  async function find(organisationId: string, label = PRODUCTION): Promise<OrganisationGraph> {
    const prompts = await book.list(organisationId);
    const known = label === LATEST || hasLabel(prompts, label) ? label : PRODUCTION;
    const key = `${organisationId} ${known}`;
    const entry = entries.get(key);
    if (entry?.prompts === prompts) return entry.graph;
    const wanted = listWanted(prompts, known);
    if (entry && isSame(entry.wanted, wanted)) {
      entry.prompts = prompts;
      return entry.graph;
    }
    const older = [entry?.made, entries.peek(`${organisationId} ${PRODUCTION}`)?.made];
    const graph = build(organisationId, wanted, older);
    const next: Entry = { prompts, wanted, graph };
    entries.set(key, next);
    graph.then(
      (made) => (next.made = made),
      () => entries.peek(key) === next && entries.delete(key),
    );
    return graph;
  }

  async function build(
    organisationId: string,
    wanted: readonly Wanted[],
    older: readonly (OrganisationGraph | undefined)[],
  ): Promise<OrganisationGraph> {
    const versions = await readMissing(organisationId, wanted, older);
    const served = new Map<string, ServedPrompt>();
    const faults = new Map<string, string>();
    const names = createTypeNames(statics);
    let turnEndsAt = performance.now() + TURN_MS;
    for (const each of wanted) {
      const { slug } = each.prompt;
      const result = serve(each, findTypes(older, each), versions.get(keyOf(each)), names);
      if (typeof result !== 'string') served.set(slug, result);
      else {
        faults.set(slug, result);
        logger.warn({ organisationId, slug, version: each.number, fault: result }, 'a prompt gets no field');
      }
      if (performance.now() < turnEndsAt) continue;
      await giveWay();
      turnEndsAt = performance.now() + TURN_MS;
    }
    return { schema: assemble(statics, [...served.values()]), served, faults };
  }

  /** @returns why it cannot be served, where it cannot. */
  function serve(
    { prompt, label, number }: Wanted,
    known: PromptTypes | undefined,
    version: PromptVersion | undefined,
    names: TypeNames,
  ): ServedPrompt | string {
    if (!known && !version) return `there is no version ${number}`;
    try {
      const types = known ?? makePromptTypes(statics, prompt, version!);
      return names.take(types) ?? { types, label };
    } catch (error) {
      return (error as Error).message;
    }
  }

  async function readMissing(
    organisationId: string,
    wanted: readonly Wanted[],
    older: readonly (OrganisationGraph | undefined)[],
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

  return {
    statics,
    async find(organisationId, label) {
      try {
        return await find(organisationId, label);
      } catch (err) {
        // Whatever needs no prompt works on.
        logger.error({ err, organisationId }, 'the graph of an organisation could not be made');
        return entries.peek(`${organisationId} ${label ?? PRODUCTION}`)?.made ?? plain;
      }
    },
  };
}

function findTypes(
  older: readonly (OrganisationGraph | undefined)[],
  { prompt: { id, slug, description }, number }: Wanted,
): PromptTypes | undefined {
  for (const graph of older) {
    const types = graph?.served.get(slug)?.types;
    const isIt = types?.version.promptId === id && types.version.number === number;
    if (isIt && types.prompt.description === description) return types;
  }
  return undefined;
}

function listWanted(prompts: ReadonlyMap<string, LabelledPrompt>, label: string): Wanted[] {
  return [...prompts.values()].flatMap((prompt) => {
    const own = label === LATEST ? prompt.version : prompt.labels.get(label);
    const number = own ?? prompt.labels.get(PRODUCTION);
    return number === undefined ? [] : [{ prompt, label: own === undefined ? PRODUCTION : label, number }];
  });
}

function hasLabel(prompts: ReadonlyMap<string, LabelledPrompt>, label: string): boolean {
  for (const { labels } of prompts.values()) if (labels.has(label)) return true;
  return false;
}

function isSame(before: readonly Wanted[], now: readonly Wanted[]): boolean {
  return (
    before.length === now.length &&
    before.every((each, index) => {
      const other = now[index]!;
      return (
        keyOf(each) === keyOf(other) &&
        each.label === other.label &&
        each.prompt.description === other.prompt.description
      );
    })
  );
}

function keyOf({ prompt: { id }, number }: Wanted): string {
  return `${id} ${number}`;
}
