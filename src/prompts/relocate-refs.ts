import type { JsonSchema } from '../domain/prompt.ts';

/** Keywords whose value is a schema, a list of them, or a map of names to them. */
const SCHEMA = [
  'additionalProperties',
  'contains',
  'contentSchema',
  'else',
  'if',
  'items',
  'not',
  'propertyNames',
  'then',
  'unevaluatedItems',
  'unevaluatedProperties',
];
const LISTS = ['allOf', 'anyOf', 'items', 'oneOf', 'prefixItems'];
const MAPS = ['$defs', 'definitions', 'dependentSchemas', 'patternProperties', 'properties'];

/**
 * The same schema for another place: a reference into itself, which begins at the root of its document, begins at `at`
 * from now on. Names for the whole schema (`$id`, `$schema`) are left out, as they would make it a document of its own.
 * @param at the JSON Pointer of its place in the document, such as `#/components/schemas/X`.
 */
export function relocateRefs(schema: JsonSchema, at: string): JsonSchema {
  const { $id: _id, $schema: _dialect, ...rest } = schema;
  return relocate(rest, at);
}

function relocate(schema: JsonSchema, at: string): JsonSchema {
  return Object.fromEntries(
    Object.entries(schema).map(([keyword, value]) => [keyword, relocateMember(keyword, value, at)]),
  );
}

/** Values that only look like schemas, in `enum`, `const`, `default` or `examples`, stay as they are. */
function relocateMember(keyword: string, value: unknown, at: string): unknown {
  if (keyword === '$ref' || keyword === '$dynamicRef')
    return typeof value === 'string' ? move(value, at) : value;
  if (LISTS.includes(keyword) && Array.isArray(value)) return value.map((member) => relocateAny(member, at));
  if (MAPS.includes(keyword) && isObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, relocateAny(member, at)]));
  }
  return SCHEMA.includes(keyword) ? relocateAny(value, at) : value;
}

function relocateAny(value: unknown, at: string): unknown {
  return isObject(value) ? relocate(value, at) : value;
}

function move(ref: string, at: string): string {
  if (ref === '#') return at;
  return ref.startsWith('#/') ? `${at}${ref.slice(1)}` : ref;
}

function isObject(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
