import { defaultFieldResolver, isUnionType, type GraphQLSchema } from 'graphql';
import { InvalidInput } from '../domain/errors.ts';

/** By the name of the type of an entity: the field of its key, and the type of that. */
export type EntityKeys = ReadonlyMap<string, { name: string; type: string }>;

type Arguments = { representations: unknown[] };

/**
 * The field that federation routers ask takes what it is given on trust, and anyone with a key may ask it. Here it
 * costs what its entities cost, and what is no reference to one is the caller's fault and not ours.
 */
export function guardEntities(schema: GraphQLSchema): GraphQLSchema {
  const field = schema.getQueryType()?.getFields()['_entities'];
  const keys = listOwnKeys(schema);
  if (!field) throw new Error('the schema has no entities');
  const resolve = field.resolve ?? defaultFieldResolver;
  field.extensions = {
    ...field.extensions,
    complexity: ({ representations: { length } }: Arguments) => ({ field: length, multiplier: length }),
  };
  field.resolve = (root, args: Arguments, context, info) => {
    ensureReferences(args.representations, keys);
    return resolve(root, args, context, info);
  };
  return schema;
}

/** All that we have ourselves are found by their ids. */
export function listOwnKeys(schema: GraphQLSchema): EntityKeys {
  const union = schema.getType('_Entity');
  if (!isUnionType(union)) throw new Error('the schema has no entities');
  return new Map(union.getTypes().map(({ name }) => [name, { name: 'id', type: 'ID!' }]));
}

/** @throws InvalidInput that names what is no reference to one of them. */
export function ensureReferences(representations: readonly unknown[], keys: EntityKeys): void {
  const issues = representations.flatMap((each, index) => {
    if (isReference(each, keys)) return [];
    const path = ['representations', String(index)];
    return [{ path, message: `${path.join('.')} must be ${describe(keys)}` }];
  });
  if (issues.length > 0) throw new InvalidInput(issues.slice(0, 20));
}

function isReference(value: unknown, keys: EntityKeys): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { __typename, ...fields } = value as Record<string, unknown>;
  const key = typeof __typename === 'string' ? keys.get(__typename) : undefined;
  if (!key || !Object.hasOwn(fields, key.name)) return false;
  return typeof fields[key.name] === (key.type === 'Int!' ? 'number' : 'string');
}

function describe(keys: EntityKeys): string {
  const fields = new Set([...keys.values()].map(({ name }) => name));
  return [...fields]
    .map((field) => {
      const names = [...keys].filter(([, { name }]) => name === field).map(([name]) => name);
      return `{ __typename, ${field} } of one of ${names.join(', ')}`;
    })
    .join(', or ');
}
