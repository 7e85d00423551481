import { useResponseCache } from '@envelop/response-cache';
import type { Cache, CacheEntityRecord } from '@envelop/response-cache';
import { isObjectType } from 'graphql';
import type { ExecutionResult, GraphQLSchema } from 'graphql';
import { isAsyncIterable } from 'graphql-yoga';
import type { Plugin } from 'graphql-yoga';
import { makePlan, type Plan, type PlanFor } from './plan.ts';
import { sessionOf } from './session.ts';
import { keepingPrompts } from './prompt-schema.ts';
import { createShapes, type Shape } from './shape.ts';
import type { AnswerStore } from './store.ts';
import { ttlsOf } from './ttl.ts';

/** What is read of an operation's context. */
interface Asking extends PlanFor {
  /** Set to false by a resolver whose answer must not be given twice. */
  isRepeatable: boolean;
}

/** How it went, as `extensions.responseCache` tells it. */
type Told =
  | { hit: true; ageMs: number }
  | { hit: false; didCache: false }
  | { hit: false; didCache: true; ttl: number };

/** One operation’s look into the store. */
interface Lookup {
  cache: Cache;
  plan: Plan | undefined;
  told: Told;
}

/**
 * Answers queries of the same principal from what it was answered before: the root fields that have a time in
 * `ROOT_TTLS`, `complete` where its caller wishes it, and prompts whose version says so. Whatever else runs is not
 * touched, so that it costs nothing.
 * @param shared the graph without prompts.
 */
export function useCachedReads(store: AnswerStore, shared: GraphQLSchema): Plugin[] {
  const lookups = new WeakMap<object, Lookup>();
  const shapeOf = createShapes();
  const entityTypes = listEntityTypes(shared);
  const openLibrary = (schema: GraphQLSchema): Plugin => {
    const library = useResponseCache({
      cache: (context) => lookups.get(context)!.cache,
      buildResponseCacheKey: ({ context }) => lookups.get(context as object)?.plan?.key ?? '',
      session: (context) => sessionOf((context as unknown as Asking).who),
      ttl: 0,
      ttlPerSchemaCoordinate: ttlsOf(shared),
      shouldCacheResult: ({ result }) => !result.errors,
      includeExtensionMetadata: false,
    }) as Plugin;
    library.onSchemaChange?.({ schema, replaceSchema: () => {} });
    return library;
  };
  const ofShared = openLibrary(shared);
  const withPrompts = new WeakMap<GraphQLSchema, Plugin>();
  const libraryFor = (shape: Shape, schema: GraphQLSchema): Plugin => {
    if (shape.kind !== 'READ' || shape.prompts.length === 0) return ofShared;
    const library = withPrompts.get(schema) ?? openLibrary(keepingPrompts(schema, shared));
    withPrompts.set(schema, library);
    return library;
  };
  const reading: Plugin = {
    onExecute(event) {
      const { args } = event;
      const shape = shapeOf(args.document, args.operationName);
      if (shape.kind === 'NEITHER') return undefined;
      const asking = args.contextValue as unknown as Asking;
      const plan = shape.kind === 'READ' ? makePlan(shape, args, asking) : undefined;
      if (shape.kind === 'READ' && !plan) return undefined;
      lookups.set(asking, openLookup(store, entityTypes, plan, asking));
      return libraryFor(shape, args.schema).onExecute?.(event);
    },
  };
  // After the library has taken its marks out of the answer.
  const telling: Plugin = {
    onExecute: ({ args }) => {
      const lookup = lookups.get(args.contextValue);
      if (!lookup?.plan) return undefined;
      return { onExecuteDone: ({ result, setResult }) => tell(lookup.told, result, setResult) };
    },
  };
  return [reading, telling];
}

/** Types with an id. The library also names others wherever something is null, and would let go of far too much. */
function listEntityTypes(schema: GraphQLSchema): ReadonlySet<string> {
  const types = Object.values(schema.getTypeMap());
  return new Set(
    types.filter((type) => isObjectType(type) && 'id' in type.getFields()).map(({ name }) => name),
  );
}

function openLookup(
  store: AnswerStore,
  entityTypes: ReadonlySet<string>,
  plan: Plan | undefined,
  asking: Asking,
): Lookup {
  const { organisationId } = asking.who;
  const since = store.moment();
  const lookup: Lookup = { cache: { get, set, invalidate }, plan, told: { hit: false, didCache: false } };

  function get(key: string): ExecutionResult | undefined {
    if (!plan?.reads) return undefined;
    const found = store.find(key);
    if (!found || found.ageMs > plan.maxAgeMs) return undefined;
    lookup.told = { hit: true, ageMs: Math.round(found.ageMs) };
    return { data: found.data as ExecutionResult['data'] };
  }

  function set(
    key: string,
    { data }: ExecutionResult,
    shown: Iterable<CacheEntityRecord>,
    ttlMs: number,
  ): void {
    if (!plan?.keeps || !asking.isRepeatable) return;
    const ttl = Math.min(ttlMs, plan.maxAgeMs);
    const entities = new Set(listEntities(shown).flatMap((entity) => [entity.typename, nameOf(entity)]));
    const didCache = store.keep(key, { data, organisationId, entities }, { ttlMs: ttl, since });
    if (didCache) lookup.told = { hit: false, didCache, ttl };
  }

  function invalidate(changed: Iterable<CacheEntityRecord>): void {
    const entities = listEntities(changed).map(nameOf);
    if (entities.length > 0) store.change({ organisationId, entities });
  }

  function listEntities(records: Iterable<CacheEntityRecord>): CacheEntityRecord[] {
    return [...records].filter(({ typename }) => entityTypes.has(typename));
  }
  return lookup;
}

function nameOf({ typename, id }: CacheEntityRecord): string {
  return id === undefined ? typename : `${typename}:${id}`;
}

function tell(told: Told, result: unknown, setResult: (result: ExecutionResult) => void): void {
  if (isAsyncIterable(result)) return;
  const { extensions, ...rest } = result as ExecutionResult;
  setResult({ ...rest, extensions: { ...extensions, responseCache: told } });
}
