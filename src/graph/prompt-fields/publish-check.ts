import { Conflict, InvalidInput } from '../../domain/errors.ts';
import { PRODUCTION, type Prompt, type PromptVersion } from '../../domain/prompt.ts';
import { MappingFaults } from './mapping-faults.ts';
import type { OrganisationGraph } from './make-graph.ts';
import { makePromptTypes, type PromptTypes } from './prompt-types.ts';
import { compareTypes, graphOf, type SchemaChange } from './schema-changes.ts';
import type { StaticTypes } from './static-types.ts';
import { createTypeNames } from './type-names.ts';
import { listUsedPlaces } from './used-places.ts';

/** A change of the graph, and who notices it. */
export interface NoticedChange extends SchemaChange {
  /** Names of the registered operations that use what changes. */
  operations: string[];
}

/** What is to be published, and what stands around it. */
export interface PublishQuestion {
  prompt: Pick<Prompt, 'slug' | 'description'>;
  label: string;
  /** What is served for the label so far, and what will be; undefined: nothing. */
  before: PromptVersion | undefined;
  after: PromptVersion | undefined;
  /** What is published, for the names that others have. */
  graph: OrganisationGraph;
  operations: readonly { name: string; text: string }[];
}

/** What publishing would do, and why it would be refused. */
export interface PublishVerdict {
  changes: NoticedChange[];
  /** Undefined: for nothing. */
  refusal: InvalidInput | Conflict | undefined;
}

/**
 * Looks at what publishing does to the graph. What cannot be a field at all is refused under `production` whatever is
 * said; what breaks a registered operation, unless it is forced.
 */
export function checkPublishing(
  statics: StaticTypes,
  question: PublishQuestion,
  options: { force: boolean },
): PublishVerdict {
  const isServed = question.label === PRODUCTION;
  const after = tryTypes(statics, question.prompt, question.after);
  const fault = after instanceof MappingFaults ? after : after && findClash(statics, question, after);
  if (fault) return { changes: [], refusal: isServed ? unmappable(question, fault) : undefined };
  const older = tryTypes(statics, question.prompt, question.before);
  const before = older instanceof MappingFaults ? undefined : older;
  const found = compareTypes(statics, { before, after: after as PromptTypes | undefined });
  const users = before && found.length > 0 ? listUsers(statics, before, question.operations) : [];
  const changes = found.map((change) => ({
    ...change,
    operations: users.filter(({ used }) => used.has(change.noticedBy)).map(({ name }) => name),
  }));
  return { changes, refusal: isServed && !options.force ? findBreak(question, changes) : undefined };
}

function tryTypes(
  statics: StaticTypes,
  prompt: PublishQuestion['prompt'],
  version: PromptVersion | undefined,
): PromptTypes | MappingFaults | undefined {
  if (!version) return undefined;
  try {
    return makePromptTypes(statics, prompt, version);
  } catch (error) {
    if (error instanceof MappingFaults) return error;
    throw error;
  }
}

/** Another prompt may have got a name first. */
function findClash(
  statics: StaticTypes,
  { graph, prompt: { slug } }: PublishQuestion,
  types: PromptTypes,
): MappingFaults | undefined {
  const names = createTypeNames(statics);
  for (const [other, served] of graph.served) if (other !== slug) names.take(served.types);
  const clash = names.take(types);
  return clash === undefined ? undefined : new MappingFaults([{ path: [], message: clash }]);
}

function unmappable({ prompt: { slug }, after }: PublishQuestion, { faults }: MappingFaults): InvalidInput {
  const path = ['input', 'version'];
  const what = `input.version ${after?.number} of ${slug} cannot be a field of the graph`;
  return new InvalidInput(
    faults.map((fault) => {
      const place = fault.path.length === 0 ? '' : `${fault.path.join('.')} `;
      return { path, message: `${what}: ${place}${fault.message}` };
    }),
  );
}

/** Only those that name a field of it are read. */
function listUsers(statics: StaticTypes, types: PromptTypes, operations: PublishQuestion['operations']) {
  const schema = graphOf(statics, types);
  const fields = [types.fieldName, types.bound?.entity.field].filter((name) => name !== undefined);
  const naming = new RegExp(`\\b(${fields.join('|')})\\b`);
  return operations
    .filter(({ text }) => naming.test(text))
    .map(({ name, text }) => ({ name, used: listUsedPlaces(text, schema) }));
}

const MOST_NAMED = 10;

function findBreak(
  { prompt: { slug }, after }: PublishQuestion,
  changes: readonly NoticedChange[],
): Conflict | undefined {
  const breaks = changes.filter(({ kind, operations }) => kind === 'BREAKING' && operations.length > 0);
  if (breaks.length === 0) return undefined;
  const names = [...new Set(breaks.flatMap(({ operations }) => operations))];
  const shown = names.slice(0, MOST_NAMED).join(', ') + (names.length > MOST_NAMED ? ' and others' : '');
  const why = breaks
    .slice(0, MOST_NAMED)
    .map(({ message }) => message)
    .join(' ');
  const what = after ? `version ${after.number} of ${slug}` : `taking ${slug} out of production`;
  return new Conflict(
    `${what} breaks the registered operations ${shown}: ${why} Do it with \`force\` all the same, or keep what they use`,
  );
}
