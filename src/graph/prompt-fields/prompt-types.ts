import {
  getNamedType,
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLString,
  isInputObjectType,
  isObjectType,
  isUnionType,
  type GraphQLFieldConfigMap,
  type GraphQLType,
  type GraphQLOutputType,
} from 'graphql';
import { textOf } from '../../completion/answer.ts';
import type { Completion } from '../../domain/completion.ts';
import { Conflict } from '../../domain/errors.ts';
import { fieldNameOf, type EntityBinding, type Prompt, type PromptVersion } from '../../domain/prompt.ts';
import { compileSchema } from '../../lib/json-schema.ts';
import type { Payload } from '../errors.ts';
import { mapOutput, type OutputMapping } from './map-output.ts';
import { mapVariables, type VariablesMapping } from './map-variables.ts';
import { MappingFaults } from './mapping-faults.ts';
import { toTypeSuffix } from './names.ts';
import type { SentOfPrompt } from './stream-source.ts';
import type { StaticTypes } from './static-types.ts';

/** A version of a prompt as types of the graph. */
export interface PromptTypes {
  prompt: Pick<Prompt, 'slug' | 'description'>;
  version: PromptVersion;
  fieldName: string;
  variables: VariablesMapping;
  /** Of the field of a query, and of the one of a subscription. */
  payload: GraphQLObjectType;
  event: GraphQLObjectType;
  /** Undefined for a version that belongs to no entity. */
  bound: BoundField | undefined;
  /** All names that it takes for itself. */
  typeNames: readonly string[];
}

/** The field of an entity of another subgraph that a version answers. */
export interface BoundField {
  entity: EntityBinding;
  /** It takes null. */
  type: GraphQLOutputType;
  toResult(completion: Completion): unknown;
}

export type AnsweredPrompt = Payload<{ completion: Completion }>;

/**
 * Maps a version.
 * @throws MappingFaults whose paths begin in the version: `['outputSchema', 'properties', …]`.
 */
export function makePromptTypes(
  statics: StaticTypes,
  prompt: PromptTypes['prompt'],
  version: PromptVersion,
): PromptTypes {
  const { spec } = version;
  const prefix = toTypeSuffix(prompt.slug) ?? '';
  const { scalars } = statics;
  const variables = within('variables', () => mapVariables(spec.variables, prefix, scalars));
  const output =
    spec.outputSchema && within('outputSchema', () => mapOutput(spec.outputSchema, prefix, scalars));
  const payload = makePayload(statics, prefix, version, output);
  const event = makeEvent(statics, prefix, version, output);
  const typeNames = [...variables.typeNames, ...(output?.typeNames ?? []), payload.name, event.name];
  const { slug, description } = prompt;
  const fieldName = fieldNameOf(slug);
  for (const { type } of [...Object.values(variables.args), { type: payload }, { type: event }])
    settle(type, new Set([statics.completion, statics.event, statics.userError]));
  const bound = spec.entity && {
    entity: spec.entity,
    type: output?.result ?? GraphQLString,
    toResult: (completion: Completion) => toResult(completion, version, output),
  };
  return { prompt: { slug, description }, version, fieldName, variables, payload, event, bound, typeNames };
}

function within<T>(part: string, map: () => T): T {
  try {
    return map();
  } catch (error) {
    if (!(error instanceof MappingFaults)) throw error;
    throw new MappingFaults(error.faults.map(({ path, message }) => ({ path: [part, ...path], message })));
  }
}

/** Types make their fields when they are first asked for: now, and not all at once when they come into a graph. */
function settle(given: GraphQLType, seen: Set<GraphQLType>): void {
  const type = getNamedType(given);
  if (seen.has(type)) return;
  seen.add(type);
  const parts = isObjectType(type) || isInputObjectType(type) ? Object.values(type.getFields()) : [];
  for (const part of parts) settle(part.type, seen);
  if (isUnionType(type)) for (const option of type.getTypes()) settle(option, seen);
}

function makePayload(
  { completion, userError }: StaticTypes,
  prefix: string,
  version: PromptVersion,
  output: OutputMapping | undefined,
): GraphQLObjectType {
  const errors = new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(userError)));
  const fields: GraphQLFieldConfigMap<AnsweredPrompt, unknown> = {
    result: {
      type: output?.result ?? GraphQLString,
      description: 'The answer as a whole; null where there is none, and `errors` say why.',
      resolve: (answered) => answered.completion && toResult(answered.completion, version, output),
    },
    completion: {
      type: completion,
      description: 'There as soon as a provider was called, with or without errors.',
    },
    errors: { type: errors },
  };
  return new GraphQLObjectType({ name: `${prefix}Payload`, fields });
}

function makeEvent(
  { event }: StaticTypes,
  prefix: string,
  version: PromptVersion,
  output: OutputMapping | undefined,
): GraphQLObjectType {
  const fields: GraphQLFieldConfigMap<SentOfPrompt, unknown> = {
    event: { type: new GraphQLNonNull(event), resolve: (sent) => sent },
    ...(output && {
      partial: {
        type: output.partial,
        description: 'What of the answer has come so far and is valid; null while there is nothing.',
        resolve: ({ text }) => output.toPartial(text),
      },
    }),
    result: {
      type: output?.result ?? GraphQLString,
      description: 'The answer as a whole, with the event that finishes it; null before.',
      resolve: ({ event: { type, ...told } }) =>
        type === 'finished'
          ? toResult((told as { completion: Completion }).completion, version, output)
          : null,
    },
  };
  return new GraphQLObjectType({ name: `${prefix}Event`, fields });
}

/** @throws Conflict for what another version has answered in a form that this one does not know. */
function toResult(
  { outcome, promptUse }: Completion,
  version: PromptVersion,
  output: OutputMapping | undefined,
): unknown {
  if (!outcome || outcome.failure) return null;
  if (!output) return textOf(outcome.parts);
  if (outcome.object === undefined) return null;
  // An idempotency key may stand for what an earlier version has answered.
  const isOfAnother = promptUse?.versionId !== version.id;
  if (isOfAnother && compileSchema(version.spec.outputSchema!)(outcome.object) !== undefined)
    throw new Conflict(
      'another version of the prompt has answered in another form; read `completion.object`',
    );
  return output.toResult(outcome.object);
}
