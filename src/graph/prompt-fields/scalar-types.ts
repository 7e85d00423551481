import { GraphQLBoolean, GraphQLFloat, GraphQLInt, GraphQLString, type GraphQLScalarType } from 'graphql';
import type { ScalarName } from './shape.ts';

/** The scalars that the graph has made its own. */
export interface HouseScalars {
  DateTime: GraphQLScalarType;
  JSON: GraphQLScalarType;
  SafeInt: GraphQLScalarType;
}

export function scalarType(scalar: ScalarName, house: HouseScalars): GraphQLScalarType {
  switch (scalar) {
    case 'String':
      return GraphQLString;
    case 'Boolean':
      return GraphQLBoolean;
    case 'Int':
      return GraphQLInt;
    case 'Float':
      return GraphQLFloat;
    default:
      return house[scalar];
  }
}
