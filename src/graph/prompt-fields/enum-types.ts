import { GraphQLEnumType } from 'graphql';
import type { EnumShape } from './shape.ts';

/** Makes one type of each enum. Inside, its values are those of JSON. */
export function createEnumTypes(nameOf: (suffix: string) => string): (shape: EnumShape) => GraphQLEnumType {
  const types = new Map<EnumShape, GraphQLEnumType>();
  return (shape) => {
    const known = types.get(shape);
    if (known) return known;
    const type = new GraphQLEnumType({
      name: nameOf(shape.suffix),
      description: shape.description,
      values: Object.fromEntries(
        shape.values.map(({ name, value, description }) => [name, { value, description }]),
      ),
    });
    types.set(shape, type);
    return type;
  };
}
