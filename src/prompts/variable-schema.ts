import type { JsonSchema, PromptVariable } from '../domain/prompt.ts';
import { relocateRefs } from './relocate-refs.ts';

/** The dialect of all schemas that are shown. */
export const DIALECT = 'https://json-schema.org/draft/2020-12/schema';

/**
 * What the variables of a prompt must meet together: an object with a member for each, and no others.
 * @param at the JSON Pointer of the schema in the document that it will stand in, such as `#/components/schemas/X`.
 */
export function toJsonSchema(variables: readonly PromptVariable[], at = '#'): JsonSchema {
  const properties = Object.fromEntries(
    variables.map((variable) => [variable.name, ofVariable(variable, at)] as const),
  );
  const required = variables.filter(({ required: must, default: value }) => must && value === undefined);
  return {
    type: 'object',
    properties,
    ...(required.length > 0 && { required: required.map(({ name }) => name) }),
    additionalProperties: false,
  };
}

function ofVariable(variable: PromptVariable, at: string): JsonSchema {
  const { name, description, example, default: value } = variable;
  return {
    ...ofType(variable, `${at}/properties/${name}`),
    ...(description !== undefined && { description }),
    ...(value !== undefined && { default: value }),
    ...(example !== undefined && { examples: [example] }),
  };
}

function ofType({ type, schema }: PromptVariable, at: string): JsonSchema {
  switch (type) {
    case 'STRING':
      return { type: 'string' };
    case 'NUMBER':
      return { type: 'number' };
    case 'BOOLEAN':
      return { type: 'boolean' };
    case 'IMAGE':
      return { type: 'string', format: 'uri', pattern: '^(https://|data:image/)' };
    case 'LIST':
      return { type: 'array', ...(schema && relocateRefs(schema, at)) };
    case 'OBJECT':
      return { type: 'object', ...(schema && relocateRefs(schema, at)) };
  }
}
