import { z } from 'zod';
import { paramsInput } from '../../domain/ask-settings.ts';
import { COMPLETION_STATUSES, FINISH_REASONS, USAGE_SOURCES } from '../../domain/completion.ts';
import type { JsonSchema } from '../../domain/prompt.ts';
import { tagInput } from '../../domain/tag.ts';
import { DIALECT } from '../../prompts/variable-schema.ts';
import { wishInput } from './wish.ts';

/** What no prompt has for itself. */
export const COMPONENTS = {
  schemas: {
    ModelParams: toSchema(z.strictObject(paramsInput.shape)),
    Tag: toSchema(tagInput),
    ToolCall: object({ id: { type: 'string' }, name: { type: 'string' }, arguments: {} }),
    Usage: {
      ...object({
        input: { type: 'integer', description: 'Includes what was read from and written to the cache.' },
        output: { type: 'integer', description: 'Includes reasoning.' },
        cacheRead: { type: 'integer' },
        cacheWrite: { type: 'integer' },
        reasoning: { type: 'integer' },
        total: { type: 'integer' },
        source: { enum: USAGE_SOURCES },
      }),
      description: 'Tokens: REPORTED by the provider, ESTIMATED by our tokenizer, or NONE.',
    },
    Money: {
      ...object({ amount: { type: 'string' }, currency: { const: 'USD' } }),
      description: 'An exact decimal.',
    },
    Error: {
      type: 'object',
      properties: {
        code: { type: 'string', description: 'Stable. New ones may appear.' },
        message: { type: 'string' },
        path: { type: 'array', items: { type: 'string' }, description: 'Where in the body.' },
        retryAfterMs: { type: 'integer' },
      },
      required: ['code', 'message'],
    },
    Failure: {
      type: 'object',
      properties: {
        errors: { type: 'array', items: { $ref: '#/components/schemas/Error' }, minItems: 1 },
        requestId: { type: 'string' },
        completion: {
          anyOf: [{ type: 'object' }, { type: 'null' }],
          description: 'There as soon as a provider was called: what came so far, and what it cost.',
        },
      },
      required: ['errors', 'requestId'],
    },
  },
  parameters: {
    IdempotencyKey: header(
      'Idempotency-Key',
      'The same key with the same body is the same completion: one call, one charge.',
    ),
    LastEventId: header(
      'Last-Event-ID',
      'Goes on with a stream after this event; beside the key that began it.',
    ),
    Team: header('x-sluice-team', 'In which of their teams a user acts.'),
  },
  responses: {
    Failure: {
      description: 'There is no full answer; `errors` says why.',
      headers: { 'retry-after': { schema: { type: 'integer' }, description: 'Seconds, where it is known.' } },
      content: { 'application/json': { schema: { $ref: '#/components/schemas/Failure' } } },
    },
  },
  securitySchemes: {
    key: { type: 'http', scheme: 'bearer', description: 'An API key, or a token of an issuer.' },
    certificate: { type: 'mutualTLS' },
  },
};

/** The members of a request beside its variables. */
export function settingsSchemas(): Record<string, unknown> {
  const { variables: _variables, ...rest } = toSchema(wishInput)['properties'] as Record<string, unknown>;
  return {
    ...rest,
    params: orNull({ $ref: '#/components/schemas/ModelParams' }),
    tags: orNull({ type: 'array', maxItems: 32, items: { $ref: '#/components/schemas/Tag' } }),
  };
}

/** The members of a completion beside what the model said. */
export function completionSchemas(): Record<string, unknown> {
  return {
    id: { type: 'string' },
    status: { enum: COMPLETION_STATUSES },
    finishReason: { enum: [...FINISH_REASONS, null] },
    toolCalls: { type: 'array', items: { $ref: '#/components/schemas/ToolCall' } },
    promptVersion: { type: ['integer', 'null'] },
    model: { type: 'string', description: 'The model that answered.' },
    usage: orNull({ $ref: '#/components/schemas/Usage' }),
    cost: {
      ...orNull({ $ref: '#/components/schemas/Money' }),
      description: 'Null when the model has no known price: an unknown cost is not zero.',
    },
    warnings: { type: 'array', items: { type: 'string' } },
  };
}

/** An object that has all of these. */
export function object(properties: Record<string, unknown>): JsonSchema {
  return { type: 'object', properties, required: Object.keys(properties) };
}

function orNull(schema: JsonSchema): JsonSchema {
  return { anyOf: [schema, { type: 'null' }] };
}

function header(name: string, description: string) {
  return { name, in: 'header', description, schema: { type: 'string' } };
}

function toSchema(type: z.ZodType): JsonSchema {
  const { $schema: dialect, ...schema } = z.toJSONSchema(type, { io: 'input' });
  if (dialect !== DIALECT) throw new Error(`schemas are written in ${String(dialect)}`);
  return schema;
}
