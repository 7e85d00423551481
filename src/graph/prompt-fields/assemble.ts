import { GraphQLObjectType, GraphQLSchema, isObjectType, type GraphQLFieldConfig } from 'graphql';
import type { GraphContext } from '../context.ts';
import type { PromptTypes } from './prompt-types.ts';
import { makeQueryField, makeSubscriptionField, type ServedPrompt } from './root-types.ts';
import type { StaticTypes } from './static-types.ts';
import { writeSubgraph } from './subgraph-sdl.ts';

/** Names that the graph itself gives beside those that it has without prompts. */
const OWN_NAMES = ['Ai', 'AiStream', 'PromptRunInput', 'PromptStreamInput'];

/**
 * Adds `ai` to the graph that all organisations share. Every type but `Query` and `Subscription` stays the same object,
 * so this costs a walk over them and no more.
 * @param served without clashes of names; none: the shared graph itself.
 */
export function assemble(statics: StaticTypes, served: readonly ServedPrompt[]): GraphQLSchema {
  if (served.length === 0) return statics.schema;
  const shared = statics.schema.toConfig();
  const schema: GraphQLSchema = new GraphQLSchema({
    ...shared,
    query: withField(shared.query, { ai: makeQueryField(statics, served), ...serviceField(() => schema) }),
    subscription: withField(shared.subscription, { ai: makeSubscriptionField(statics, served) }),
    types: shared.types.filter((type) => type !== shared.query && type !== shared.subscription),
    // What is shared was looked at when the process started, and what is mapped is right by how it is made.
    assumeValid: true,
  });
  ensureRules(schema, statics, served);
  return schema;

  function serviceField(get: () => GraphQLSchema) {
    const field = shared.query?.toConfig().fields['_service'];
    return (
      field && { _service: { ...field, resolve: () => ({ sdl: writeSubgraph(get(), statics.schema) }) } }
    );
  }
}

type Fields = Record<string, GraphQLFieldConfig<unknown, GraphContext>>;

function withField(type: GraphQLObjectType | null | undefined, added: Fields): GraphQLObjectType {
  if (!type) throw new Error('the graph has no such root');
  const { fields, ...config } = type.toConfig();
  return new GraphQLObjectType({ ...config, fields: { ...fields, ...added } });
}

/**
 * Whatever is not shared belongs to a prompt that is served, and only carries what its field was asked for: nothing else
 * is open for having been forgotten.
 */
function ensureRules(schema: GraphQLSchema, statics: StaticTypes, served: readonly ServedPrompt[]): void {
  const known = new Set([...OWN_NAMES, ...served.flatMap(({ types }) => types.typeNames)]);
  for (const type of Object.values(schema.getTypeMap())) {
    if (isObjectType(type) && !statics.schema.getType(type.name) && !known.has(type.name))
      throw new Error(`the type ${type.name} belongs to no prompt, and has no rule`);
  }
}

/** Gives the names of types away, each once. */
export interface TypeNames {
  /** @returns which of them has an owner already, so that none is taken; undefined where all were free. */
  take(types: PromptTypes): string | undefined;
}

export function createTypeNames({ schema }: StaticTypes): TypeNames {
  const owners = new Map(OWN_NAMES.map((name) => [name, 'the graph']));
  return {
    take({ typeNames, prompt: { slug } }) {
      for (const name of typeNames) {
        const owner = owners.get(name) ?? (schema.getType(name) && 'the graph');
        if (owner !== undefined) return `it gives the type ${name}, which ${owner} has already`;
      }
      for (const name of typeNames) owners.set(name, `the prompt ${slug}`);
      return undefined;
    },
  };
}
