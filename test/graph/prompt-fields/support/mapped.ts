import {
  assertValidSchema,
  getNamedType,
  graphqlSync,
  GraphQLObjectType,
  GraphQLSchema,
  isLeafType,
  isObjectType,
  isUnionType,
  lexicographicSortSchema,
  printSchema,
  type GraphQLInputType,
  type GraphQLOutputType,
  type GraphQLScalarType,
} from 'graphql';
import { clientSchema } from '../../../../src/graph/schema.ts';
import { mapInput } from './map-input.ts';
import { mapOutput } from '../../../../src/graph/prompt-fields/map-output.ts';
import { MappingFaults } from '../../../../src/graph/prompt-fields/mapping-faults.ts';

const scalar = (name: string) => clientSchema.getType(name) as GraphQLScalarType;
export const scalars = { DateTime: scalar('DateTime'), JSON: scalar('JSON'), SafeInt: scalar('SafeInt') };

/** A graph with one field that answers by the schema, and one that answers what has come so far. */
export function outputOf(schema: unknown, prefix = 'T') {
  const mapping = mapOutput(schema, prefix, scalars);
  const graph = new GraphQLSchema({
    query: new GraphQLObjectType({
      name: 'Query',
      fields: {
        result: { type: mapping.result, resolve: (value) => mapping.toResult(value) },
        partial: { type: mapping.partial, resolve: (text) => mapping.toPartial(text as string) },
      },
    }),
  });
  assertValidSchema(graph);
  return { ...mapping, graph, sdl: sdlOf(graph) };
}

/** A graph with one field whose argument is given by the schema. */
export function inputOf(schema: unknown, prefix = 'T') {
  const mapping = mapInput(schema, prefix, scalars);
  let taken: unknown;
  const graph = graphTaking(mapping.type, (given) => {
    taken = mapping.toValue(given);
  });
  /** What comes of a variable of the operation. */
  const take = (given: unknown) => {
    const { data, errors } = graphqlSync({
      schema: graph,
      source: `query ($given: ${String(mapping.type)}) { take(given: $given) }`,
      variableValues: { given },
    });
    if (errors) throw errors[0]!;
    return data?.['take'] === true ? taken : undefined;
  };
  return { ...mapping, graph, sdl: sdlOf(graph), take };
}

function graphTaking(type: GraphQLInputType, tell: (given: unknown) => void): GraphQLSchema {
  const graph = new GraphQLSchema({
    query: new GraphQLObjectType({
      name: 'Query',
      fields: {
        take: {
          type: scalar('Boolean'),
          args: { given: { type } },
          resolve: (_, { given }: { given?: unknown }) => {
            tell(given);
            return true;
          },
        },
      },
    }),
  });
  assertValidSchema(graph);
  return graph;
}

/** Without what every graph has. */
export function sdlOf(graph: GraphQLSchema): string {
  return printSchema(lexicographicSortSchema(graph))
    .split('\n\n')
    .filter((block) => !/^("""[^"]*"""\n)?(scalar|type Query)/.test(block))
    .join('\n\n');
}

/**
 * Everything of the answer, each field under a name of its own, because options of a union may differ in its type.
 * @param depth of objects in objects; recursive types have no end.
 */
function selectAll(type: GraphQLOutputType, depth: number): string {
  const named = getNamedType(type);
  if (isUnionType(named)) {
    const options = named.getTypes().map((option) => `... on ${option.name} ${selectAll(option, depth)}`);
    return `{ __typename ${options.join(' ')} }`;
  }
  if (!isObjectType(named)) return '';
  const fields = Object.values(named.getFields()).filter(
    (field) => depth > 0 || isLeafType(getNamedType(field.type)),
  );
  const each = fields.map(
    (field) => `${named.name}__${field.name}: ${field.name} ${selectAll(field.type, depth - 1)}`,
  );
  return `{ __typename ${each.join(' ')} }`;
}

export function faultsOf(run: () => unknown): string[] {
  try {
    run();
    return [];
  } catch (error) {
    if (!(error instanceof MappingFaults)) throw error;
    return error.faults.map(({ path, message }) => `/${path.join('/')}: ${message}`);
  }
}

/** What a client gets that selects everything. */
export function ask(graph: GraphQLSchema, field: 'result' | 'partial', rootValue: unknown, depth = 4) {
  const type = graph.getQueryType()!.getFields()[field]!.type;
  const source = `{ ${field} ${selectAll(type, depth)} }`;
  const { data, errors } = graphqlSync({ schema: graph, source, rootValue });
  return { errors, value: (JSON.parse(JSON.stringify(data)) as Record<string, unknown>)[field] };
}
