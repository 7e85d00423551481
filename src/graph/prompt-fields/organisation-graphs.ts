import { LRUCache } from 'lru-cache';
import { LATEST, PRODUCTION } from '../../domain/prompt.ts';
import type { Logger } from '../../lib/logger.ts';
import type { LabelledPrompt } from '../../prompts/rows.ts';
import type { PromptStore } from '../../prompts/store.ts';
import { keyOf, makeGraph, type OrganisationGraph, type Wanted } from './make-graph.ts';
import type { StaticTypes } from './static-types.ts';

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

type Deps = { prompts: Pick<PromptStore, 'sql' | 'book'>; logger: Logger };

/** Those that were asked last; by the number of their prompts too, which is what they take in memory. */
const KEPT = { max: 200, maxSize: 50_000 };

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
    const graph = makeGraph({ statics, sql, logger }, organisationId, wanted, older);
    const next: Entry = { prompts, wanted, graph };
    entries.set(key, next);
    graph.then(
      (made) => (next.made = made),
      () => entries.peek(key) === next && entries.delete(key),
    );
    return graph;
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
