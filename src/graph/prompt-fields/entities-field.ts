import {
  getNamedType,
  GraphQLList,
  GraphQLNonNull,
  GraphQLUnionType,
  isUnionType,
  type GraphQLFieldConfig,
  type GraphQLObjectType,
} from 'graphql';
import type { GraphContext } from '../context.ts';
import { ensureReferences, listOwnKeys } from '../entities.ts';
import type { Representation } from './entity-batch.ts';
import type { EntityFacts } from './entity-types.ts';
import type { StaticTypes } from './static-types.ts';

type Config = GraphQLFieldConfig<unknown, GraphContext>;
type Arguments = { representations: Representation[] };

/**
 * `Query._entities` with entities of other subgraphs beside our own. Those are what a router says that they are: nothing
 * is looked up for them.
 * @param shared the field with our own alone.
 */
export function makeEntitiesField(
  { schema }: StaticTypes,
  shared: Config,
  foreign: readonly GraphQLObjectType[],
): Config {
  const union = getNamedType(shared.type);
  if (!isUnionType(union)) throw new Error('the graph has no entities');
  if (foreign.length === 0) return shared;
  const types = [...union.getTypes(), ...foreign];
  const keysOfOthers = foreign.map(({ name, extensions }) => {
    const { key } = extensions['federation'] as EntityFacts;
    return [name, key] as const;
  });
  const own = listOwnKeys(schema);
  const keys = new Map([...own, ...keysOfOthers]);
  return {
    ...shared,
    type: new GraphQLNonNull(new GraphQLList(new GraphQLUnionType({ ...union.toConfig(), types }))),
    resolve: (root, args, context, info) => {
      const { representations } = args as Arguments;
      ensureReferences(representations, keys);
      const isOwn = ({ __typename }: Representation) => own.has(__typename as string);
      const asked = { representations: representations.filter(isOwn) };
      const found = (shared.resolve!(root, asked, context, info) as unknown[])[Symbol.iterator]();
      return representations.map((each) => (isOwn(each) ? found.next().value : each));
    },
  };
}
