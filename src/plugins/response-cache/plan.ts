import { hash } from 'node:crypto';
import canonicalize from 'canonicalize';
import { getVariableValues, isInputType, valueFromAST } from 'graphql';
import type { ExecutionArgs, GraphQLSchema } from 'graphql';
import {
  isCacheWishValid,
  parseCacheWish,
  type CacheGiven,
  type CacheWish,
} from '../../domain/cache-wish.ts';
import type { TrustedOperation } from '../../domain/operation.ts';
import type { Principal } from '../../domain/principal.ts';
import type { PromptFieldFacts } from '../../domain/prompt.ts';
import { isTooDeep } from '../../lib/json-depth.ts';
import { promptsOf } from './prompt-schema.ts';
import { sessionOf } from './session.ts';
import type { ReadShape } from './shape.ts';

/** What one query may do with the cache. */
export interface Plan {
  key: string;
  /** Whether an earlier answer will do. */
  reads: boolean;
  /** Whether this answer may be kept. */
  keeps: boolean;
  /** The oldest answer that will do, and the longest that this one is kept. */
  maxAgeMs: number;
}

/** Who asks, and the trusted operation that they run, where it is one. */
export interface PlanFor {
  who: Principal;
  operation?: TrustedOperation | undefined;
}

/**
 * @returns undefined when neither the caller nor the policy of the operation wishes anything of the cache, or what is
 * wished makes no sense.
 */
export function makePlan(
  shape: ReadShape,
  args: ExecutionArgs,
  { who, operation }: PlanFor,
): Plan | undefined {
  const seconds = operation?.policy.cacheTtlSeconds;
  const unsaid: CacheGiven = seconds ? { mode: 'READ_WRITE', maxAgeSeconds: seconds } : undefined;
  const mayBeKept = unsaid !== undefined || !shape.wishes.includes(undefined);
  const wishes = mayBeKept ? readWishes(shape, args, unsaid) : undefined;
  const prompts = shape.prompts.map((name) => findPrompt(args.schema, name));
  if (!wishes?.every(isCacheWishValid) || !prompts.every((prompt) => prompt !== undefined)) return undefined;
  const reads = wishes.every(({ mode }) => mode === 'READ' || mode === 'READ_WRITE');
  const keeps = wishes.every(({ mode }) => mode === 'REFRESH' || mode === 'READ_WRITE');
  if (!reads && !keeps) return undefined;
  const given = args.variableValues ?? {};
  // What is left out is another question than null where there is a default.
  const variables = shape.variables
    .filter((name) => Object.hasOwn(given, name))
    .map((name) => [name, given[name]]);
  if (isTooDeep(variables)) return undefined;
  return {
    key: hash('sha256', canonicalize([sessionOf(who), shape.digest, variables, prompts]) ?? ''),
    reads,
    keeps,
    maxAgeMs: Math.min(
      ...wishes.map(({ maxAgeSeconds }) => maxAgeSeconds * 1_000),
      ...prompts.map(({ cacheSeconds }) => cacheSeconds * 1_000),
    ),
  };
}

/** @returns undefined for a prompt whose answers are given once only. */
function findPrompt(schema: GraphQLSchema, name: string): PromptFieldFacts | undefined {
  const facts = promptsOf(schema)[name]?.extensions['prompt'] as PromptFieldFacts | undefined;
  return facts && facts.cacheSeconds > 0 ? facts : undefined;
}

/** @returns undefined for variables that are wrong: the executor tells what is wrong with them. */
function readWishes(
  shape: ReadShape,
  { schema, variableValues }: ExecutionArgs,
  unsaid: CacheGiven,
): CacheWish[] | undefined {
  const { coerced } = getVariableValues(schema, shape.wishDefinitions, variableValues ?? {});
  const type = schema.getType('CacheInput');
  if (!coerced || !isInputType(type)) return undefined;
  return shape.wishes.map((wish) =>
    parseCacheWish(wish ? (valueFromAST(wish, type, coerced) as CacheGiven) : unsaid),
  );
}
