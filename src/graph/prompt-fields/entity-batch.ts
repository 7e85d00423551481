import { hash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { fewAtATime } from '../../lib/few-at-a-time.ts';
import { isTooDeep } from '../../lib/json-depth.ts';
import type { GraphContext } from '../context.ts';
import { own } from './place.ts';
import type { AnsweredPrompt, PromptTypes } from './prompt-types.ts';
import { answerForEntity } from './run-prompt.ts';

/** An entity of another subgraph as a router sends it: its key, and the fields that are required. */
export type Representation = Readonly<Record<string, unknown>>;

/** One operation may ask for many entities, and others want to be answered too. */
const AT_ONCE = 8;

interface Batch {
  run: ReturnType<typeof fewAtATime>;
  /** By version and variables: what is the same is asked once. */
  answers: Map<string, Promise<AnsweredPrompt>>;
}

/** By operation. */
const batches = new WeakMap<GraphContext, Batch>();

/** Runs a version for an entity, a few of an operation at a time, and once for all entities that are the same to it. */
export function answerInBatch(
  types: PromptTypes,
  entity: Representation,
  context: GraphContext,
  label: string,
): Promise<AnsweredPrompt> {
  const batch = batches.get(context) ?? { run: fewAtATime(AT_ONCE), answers: new Map() };
  batches.set(context, batch);
  const variables = toVariables(types, entity);
  const ask = () => batch.run(() => answerForEntity(types, variables, context, label), context.signal);
  // What is too deep to compare is refused when it is looked at.
  if (isTooDeep(variables)) return ask();
  const key = hash('sha256', canonicalize([types.version.id, variables]) ?? '');
  const answer = batch.answers.get(key) ?? ask();
  batch.answers.set(key, answer);
  return answer;
}

/** What the other subgraph has as null is not given. */
function toVariables({ bound }: PromptTypes, entity: Representation): Record<string, unknown> {
  const given = (bound?.entity.variables ?? []).map(({ variable, field }) => [variable, own(entity, field)]);
  return Object.fromEntries(given.filter(([, value]) => value !== undefined && value !== null));
}
