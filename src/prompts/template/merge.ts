import type { JsonSchema, PromptVariable } from '../../domain/prompt.ts';
import type { InferredVariable } from './shape.ts';

/**
 * The variables of a prompt: those that were declared, as they were, and then those that its templates use besides.
 * What is only written becomes a STRING, and so do such members.
 */
export function mergeVariables(
  inferred: readonly InferredVariable[],
  declared: readonly PromptVariable[],
): PromptVariable[] {
  const names = new Set(declared.map(({ name }) => name));
  return [...declared, ...inferred.filter(({ name }) => !names.has(name)).map(toDeclared)];
}

function toDeclared({ name, type, schema, optional }: InferredVariable): PromptVariable {
  return {
    name,
    type: type === 'ANY' ? 'STRING' : type,
    schema: schema && closeSchema(schema),
    description: undefined,
    required: !optional,
    default: undefined,
    example: undefined,
    neverLog: false,
  };
}

function closeSchema({ items, properties, ...schema }: JsonSchema): JsonSchema {
  if (schema['type'] === undefined) return { type: 'string' };
  const members = Object.entries((properties ?? {}) as Record<string, JsonSchema>);
  return {
    ...schema,
    ...(items !== undefined && { items: closeSchema(items as JsonSchema) }),
    ...(properties !== undefined && {
      properties: Object.fromEntries(members.map(([key, member]) => [key, closeSchema(member)])),
    }),
  };
}
