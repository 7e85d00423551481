import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { LRUCache } from 'lru-cache';
import { RE2JS } from 're2js';

/** A compiled schema: returns undefined when the value fits, else one sentence that says what does not. */
export type Validator = (value: unknown) => string | undefined;

/** Callers bring the patterns, so they run on a linear-time engine: V8's own can be made to hang. */
const linearTimeRegExp = Object.assign(
  (pattern: string) => {
    const compiled = RE2JS.compile(pattern);
    return {
      test: (text: string) => compiled.matcher(text).find(),
      // The compiler keeps one expression for each of these texts: two patterns must not have the same.
      toString: () => pattern,
    };
  },
  { code: 'linearTimeRegExp' },
);

const compiled = new LRUCache<string, Validator>({ max: 500 });

/**
 * Compiles a JSON Schema (2020-12 and older keywords).
 * @throws Error with the reason, when the schema is not one.
 */
export function compileSchema(schema: object): Validator {
  const key = JSON.stringify(schema);
  const known = compiled.get(key);
  if (known) return known;
  // A compiler of its own for each schema: `$id`s of different callers must not meet.
  const ajv = new Ajv2020({ strict: false, allErrors: false, code: { regExp: linearTimeRegExp } });
  addFormats.default(ajv);
  const validate = ajv.compile(withoutDialect(schema));
  const validator: Validator = (value) => (validate(value) ? undefined : explain(validate));
  compiled.set(key, validator);
  return validator;
}

/** Drafts 4 to 7 are read by the same compiler; only their `$schema` line would be refused. */
function withoutDialect(schema: object): object {
  const { $schema: _dialect, ...rest } = schema as { $schema?: unknown };
  return rest;
}

function explain(validate: ValidateFunction): string {
  const error: ErrorObject | undefined = validate.errors?.[0];
  return `${error?.instancePath || 'the value'} ${error?.message ?? 'does not fit'}`;
}
