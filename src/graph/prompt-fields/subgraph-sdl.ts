import { printSubgraphSchema } from '@apollo/subgraph';
import {
  GraphQLObjectType,
  isObjectType,
  lexicographicSortSchema,
  printType,
  type GraphQLNamedType,
  type GraphQLSchema,
} from 'graphql';
import { printEntity } from './entity-sdl.ts';

const shared = new WeakMap<GraphQLSchema, string>();
const written = new WeakMap<GraphQLSchema, string>();

/**
 * What a federation router composes of the graph of an organisation: the shared one, and what the prompts add.
 * @param base the shared one.
 */
export function writeSubgraph(schema: GraphQLSchema, base: GraphQLSchema): string {
  const found = written.get(schema);
  if (found !== undefined) return found;
  const sdl = [writeShared(base), ...listAdded(schema, base)].join('\n\n');
  written.set(schema, sdl);
  return sdl;
}

function writeShared(base: GraphQLSchema): string {
  const found = shared.get(base) ?? printSubgraphSchema(lexicographicSortSchema(base));
  shared.set(base, found);
  return found;
}

function listAdded(schema: GraphQLSchema, base: GraphQLSchema): string[] {
  const roots = [schema.getQueryType(), schema.getSubscriptionType()];
  const extensions = roots.flatMap((root) => {
    const { ai } = root?.toConfig().fields ?? {};
    if (!root || !ai) return [];
    const only = new GraphQLObjectType({ name: root.name, fields: { ai } });
    return [`extend ${printType(only)}`];
  });
  const types = Object.values(schema.getTypeMap()).filter(({ name }) => !base.getType(name));
  return [...extensions, ...types.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map(printAdded)];
}

function printAdded(type: GraphQLNamedType): string {
  return isObjectType(type) && type.extensions['federation'] ? printEntity(type) : printType(type);
}
