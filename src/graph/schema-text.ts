import {
  buildClientSchema,
  getIntrospectionQuery,
  lexicographicSortSchema,
  printSchema,
  type IntrospectionQuery,
} from 'graphql';

/** Asks for a whole schema. */
export const SCHEMA_QUERY = getIntrospectionQuery({
  descriptions: true,
  specifiedByUrl: true,
  directiveIsRepeatable: true,
  inputValueDeprecation: true,
  oneOf: true,
});

/** @param answer what a gateway answers to `SCHEMA_QUERY`. */
export function writeSchema(answer: unknown): string {
  return `${printSchema(lexicographicSortSchema(buildClientSchema(answer as IntrospectionQuery)))}\n`;
}
