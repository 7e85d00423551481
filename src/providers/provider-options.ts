import type { SharedV4ProviderOptions } from '@ai-sdk/provider';
import type { Ask } from '../domain/ask.ts';
import { InvalidInput } from '../domain/errors.ts';

/**
 * What a caller may not set behind the gateway's back, in every spelling the vendors use: which model answers,
 * to what, how much of it, and at which of the vendor's price levels. Budgets are held for the ask as it reads.
 */
const RESERVED = new Set(
  ['model', 'models', 'messages', 'prompt', 'input', 'contents', 'n', 'bestOf', 'stream', 'streamOptions']
    .concat(['maxTokens', 'maxOutputTokens', 'maxCompletionTokens', 'maxOutput', 'numPredict'])
    .concat(['serviceTier', 'speed', 'route', 'provider'])
    // State kept by the vendor under the gateway's key would be shared by everyone behind the gateway.
    .concat(['previousResponseId', 'conversation'])
    .map(normalise),
);

/**
 * The caller's options for the vendor. A schema that OpenAI's strict mode would refuse is sent as a plain one;
 * the answer is checked against the schema either way.
 */
export function readProviderOptions(ask: Ask, strictSchemaKey: string | undefined): SharedV4ProviderOptions {
  const given = ask.params.providerOptions ?? {};
  const issues = Object.entries(given).flatMap(([vendor, options]) =>
    Object.keys(options)
      .filter((key) => RESERVED.has(normalise(key)))
      .map((key) => ({
        path: ['input', 'params', 'providerOptions', vendor, key],
        message: `input.params.providerOptions.${vendor}.${key} is set by the gateway and cannot be given`,
      })),
  );
  if (issues.length > 0) throw new InvalidInput(issues);
  const options = given as SharedV4ProviderOptions;
  if (!strictSchemaKey || !ask.outputSchema || isStrict(ask.outputSchema)) return options;
  return { ...options, [strictSchemaKey]: { strictJsonSchema: false, ...options[strictSchemaKey] } };
}

function normalise(key: string): string {
  return key.replaceAll(/[_-]/g, '').toLowerCase();
}

/**
 * Whether every object in a schema lists all its properties as required and allows no others.
 * https://platform.openai.com/docs/guides/structured-outputs#supported-schemas
 */
function isStrict(schema: unknown): boolean {
  if (Array.isArray(schema)) return schema.every(isStrict);
  if (typeof schema !== 'object' || schema === null) return true;
  const { type, properties, required, additionalProperties } = schema as Record<string, unknown>;
  if (type === 'object' || typeof properties === 'object') {
    const names = Object.keys(properties ?? {});
    const listed = Array.isArray(required) ? required : [];
    if (additionalProperties !== false || names.some((name) => !listed.includes(name))) return false;
  }
  return Object.values(schema).every(isStrict);
}
