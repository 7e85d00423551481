import { GraphQLObjectType, GraphQLSchema, isObjectType, type GraphQLFieldConfig } from 'graphql';
import type { GraphContext } from '../context.ts';
import { makeEntitiesField } from './entities-field.ts';
import { makeEntityTypes } from './entity-types.ts';
import { makeQueryField, makeSubscriptionField, type ServedPrompt } from './root-types.ts';
import type { StaticTypes } from './static-types.ts';
import { writeSubgraph } from './subgraph-sdl.ts';
import { OWN_NAMES } from './type-names.ts';

/**
 * Adds `ai`, and the entities that prompts are bound to, to the graph that all organisations share. Every type but
 * `Query`, `Subscription` and `_Entity` stays the same object, so this costs a walk over them and no more.
 * @param served without clashes of names; none: the shared graph itself.
 */
export function assemble(statics: StaticTypes, served: readonly ServedPrompt[]): GraphQLSchema {
  if (served.length === 0) return statics.schema;
  const shared = statics.schema.toConfig();
  const entities = makeEntityTypes(statics, served);
  const changed = [shared.query, shared.subscription, statics.schema.getType('_Entity')];
  const schema: GraphQLSchema = new GraphQLSchema({
    ...shared,
    query: withField(shared.query, { ai: makeQueryField(statics, served), ...federationFields() }),
    subscription: withField(shared.subscription, { ai: makeSubscriptionField(statics, served) }),
    types: shared.types.filter((type) => !changed.includes(type)),
    // What is shared was looked at when the process started, and what is mapped is right by how it is made.
    assumeValid: true,
  });
  ensureRules(schema, statics, [
    ...served.flatMap(({ types }) => types.typeNames),
    ...entities.map(({ name }) => name),
  ]);
  return schema;

  function federationFields() {
    const { _entities, _service } = shared.query?.toConfig().fields ?? {};
    if (!_entities || !_service) throw new Error('the graph is no subgraph');
    const resolve = () => ({ sdl: writeSubgraph(schema, statics.schema) });
    return { _entities: makeEntitiesField(statics, _entities, entities), _service: { ..._service, resolve } };
  }
}

type Fields = Record<string, GraphQLFieldConfig<unknown, GraphContext>>;

function withField(type: GraphQLObjectType | null | undefined, added: Fields): GraphQLObjectType {
  if (!type) throw new Error('the graph has no such root');
  const { fields, ...config } = type.toConfig();
  return new GraphQLObjectType({ ...config, fields: { ...fields, ...added } });
}

/**
 * Whatever is not shared belongs to a prompt that is served, and only carries what its field was asked for: nothing else
 * is open for having been forgotten.
 */
function ensureRules(schema: GraphQLSchema, statics: StaticTypes, ofPrompts: readonly string[]): void {
  const known = new Set([...OWN_NAMES, ...ofPrompts]);
  for (const type of Object.values(schema.getTypeMap())) {
    if (isObjectType(type) && !statics.schema.getType(type.name) && !known.has(type.name))
      throw new Error(`the type ${type.name} belongs to no prompt, and has no rule`);
  }
}
