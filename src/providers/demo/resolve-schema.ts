export type Schema = Record<string, unknown>;

/** How many references one schema may follow before it counts as a circle. */
const MAX_HOPS = 32;

export function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * A schema with its local `$ref` followed, its `allOf` merged in, and one of its alternatives chosen.
 * @param choice which alternative of each `anyOf` and `oneOf`; beyond the last it counts round.
 */
export function resolveSchema(schema: Schema, root: Schema, choice: number): Schema {
  let resolved = schema;
  for (let hop = 0; hop < MAX_HOPS; hop += 1) {
    const { $ref, allOf, anyOf, oneOf, ...rest } = resolved;
    const alternatives = Array.isArray(anyOf) ? anyOf : Array.isArray(oneOf) ? oneOf : [];
    if (typeof $ref === 'string') resolved = merge([follow($ref, root), { ...rest, allOf, anyOf, oneOf }]);
    else if (Array.isArray(allOf)) resolved = merge([{ ...rest, anyOf, oneOf }, ...allOf]);
    else if (alternatives.length > 0) resolved = merge([rest, alternatives[choice % alternatives.length]]);
    else return resolved;
  }
  return {};
}

/** What a local JSON Pointer (RFC 6901) such as `#/$defs/Address` names. */
function follow(reference: string, root: Schema): unknown {
  const steps = reference.replace(/^#\/?/, '').split('/').filter(Boolean);
  return steps.reduce<unknown>((value, step) => {
    const name = decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~');
    return isSchema(value) ? value[name] : undefined;
  }, root);
}

/** Properties and required names add up; of all else the last one counts. */
function merge(schemas: unknown[]): Schema {
  return schemas.filter(isSchema).reduce<Schema>((sum, schema) => {
    const given = Object.fromEntries(Object.entries(schema).filter(([, value]) => value !== undefined));
    return {
      ...sum,
      ...given,
      ...joined('properties', sum, given, (left, right) => ({ ...(left as Schema), ...(right as Schema) })),
      ...joined('required', sum, given, (left, right) => [...(left as unknown[]), ...(right as unknown[])]),
    };
  }, {});
}

function joined(
  key: string,
  left: Schema,
  right: Schema,
  join: (left: unknown, right: unknown) => unknown,
): Schema {
  return key in left && key in right ? { [key]: join(left[key], right[key]) } : {};
}
