import type { GraphQLInputType } from 'graphql';
import { toValue } from '../../../../src/graph/prompt-fields/given.ts';
import { createInputTypes } from '../../../../src/graph/prompt-fields/input-types.ts';
import { readInput } from '../../../../src/graph/prompt-fields/read-input.ts';
import type { HouseScalars } from '../../../../src/graph/prompt-fields/scalar-types.ts';

/** What a caller gives by a schema, as types of the graph. */
export interface InputMapping {
  /** `SummarizeTicketTicketInput` for an object. It takes null. */
  readonly type: GraphQLInputType;
  /** All names that the types take. */
  readonly typeNames: readonly string[];
  /** Makes what GraphQL took the JSON value that the schema describes, with its own names and its defaults. */
  toValue(given: unknown): unknown;
}

/**
 * Maps the schema of an input.
 * @param prefix of the names, before `Input`: `SummarizeTicketTicket`.
 * @throws MappingFaults with everything that has no place in a graph.
 */
export function mapInput(schema: unknown, prefix: string, scalars: HouseScalars): InputMapping {
  const { root, named } = readInput(schema);
  const types = createInputTypes(prefix, scalars);
  return {
    type: types.typeOf(root),
    typeNames: named.map(({ suffix }) => types.nameOf(suffix)),
    toValue: (given) => toValue(given, root),
  };
}
