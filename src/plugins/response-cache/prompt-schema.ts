import {
  getNamedType,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLSchema,
  isObjectType,
  type GraphQLFieldMap,
} from 'graphql';
import type { PromptFieldFacts } from '../../domain/prompt.ts';

/** The fields of the prompts in a graph; none where it has no prompts. */
export function promptsOf(schema: GraphQLSchema): GraphQLFieldMap<unknown, unknown> {
  const type = getNamedType(schema.getQueryType()?.getFields()['ai']?.type);
  return isObjectType(type) ? type.getFields() : {};
}

/**
 * The graph with those prompts only whose answers may be kept: all that an operation whose answer is kept can ask for.
 * Reading a schema through costs the library a good deal for each type, and an organisation may have thousands.
 */
export function keepingPrompts(schema: GraphQLSchema, shared: GraphQLSchema): GraphQLSchema {
  const { fields, ...query } = schema.getQueryType()!.toConfig();
  const prompts = getNamedType(fields['ai']!.type) as GraphQLObjectType;
  const { fields: all, ...ai } = prompts.toConfig();
  const kept = Object.entries(all).filter(([, { extensions }]) => {
    const facts = extensions?.['prompt'] as PromptFieldFacts | undefined;
    return facts !== undefined && facts.cacheSeconds > 0;
  });
  const type = new GraphQLNonNull(new GraphQLObjectType({ ...ai, fields: Object.fromEntries(kept) }));
  const { fields: plain } = shared.getQueryType()!.toConfig();
  return new GraphQLSchema({
    query: new GraphQLObjectType({ ...query, fields: { ...plain, ai: { ...fields['ai']!, type } } }),
    types: Object.values(shared.getTypeMap()).filter((each) => each !== shared.getQueryType()),
    assumeValid: true,
  });
}
