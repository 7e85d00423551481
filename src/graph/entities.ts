import { defaultFieldResolver, isUnionType, type GraphQLSchema } from 'graphql';
import { InvalidInput } from '../domain/errors.ts';

type Arguments = { representations: unknown[] };

/**
 * The field that federation routers ask takes what it is given on trust, and anyone with a key may ask it. Here it
 * costs what its entities cost, and what is no reference to one is the caller's fault and not ours.
 */
export function guardEntities(schema: GraphQLSchema): GraphQLSchema {
  const field = schema.getQueryType()?.getFields()['_entities'];
  const union = schema.getType('_Entity');
  if (!field || !isUnionType(union)) throw new Error('the schema has no entities');
  const names = union.getTypes().map(({ name }) => name);
  const resolve = field.resolve ?? defaultFieldResolver;
  field.extensions = {
    ...field.extensions,
    complexity: ({ representations: { length } }: Arguments) => ({ field: length, multiplier: length }),
  };
  field.resolve = (root, args: Arguments, context, info) => {
    ensureReferences(args.representations, names);
    return resolve(root, args, context, info);
  };
  return schema;
}

function ensureReferences(representations: unknown[], names: string[]): void {
  const issues = representations.flatMap((each, index) => {
    if (isReference(each, names)) return [];
    const path = ['representations', String(index)];
    return [{ path, message: `${path.join('.')} must be { __typename, id } of one of ${names.join(', ')}` }];
  });
  if (issues.length > 0) throw new InvalidInput(issues.slice(0, 20));
}

function isReference(value: unknown, names: string[]): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { __typename, id } = value as Record<string, unknown>;
  return typeof __typename === 'string' && names.includes(__typename) && typeof id === 'string';
}
