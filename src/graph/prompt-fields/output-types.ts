import {
  GraphQLList,
  GraphQLNonNull,
  GraphQLObjectType,
  GraphQLUnionType,
  type GraphQLEnumType,
  type GraphQLFieldConfig,
  type GraphQLOutputType,
} from 'graphql';
import { own } from './place.ts';
import { present } from './present.ts';
import { scalarType, type HouseScalars } from './scalar-types.ts';
import type { EnumShape, Member, ObjectShape, Slot, UnionShape } from './shape.ts';

interface OutputOptions {
  scalars: HouseScalars;
  enumType: (shape: EnumShape) => GraphQLEnumType;
  /** Of the names: `SummarizeTicketResult`. */
  prefix: string;
  /** Whether any member may be missing still. */
  isPartial: boolean;
}

export function createOutputTypes({ scalars, enumType, prefix, isPartial }: OutputOptions) {
  const objects = new Map<ObjectShape, GraphQLObjectType>();
  const unions = new Map<UnionShape, GraphQLUnionType>();

  function typeOf({ shape }: Slot): GraphQLOutputType {
    switch (shape.kind) {
      case 'scalar':
        return scalarType(shape.scalar, scalars);
      case 'enum':
        return enumType(shape);
      case 'list':
        return new GraphQLList(strictly(shape.item, !shape.item.nullable));
      case 'object':
        return remember(objects, shape, () => objectType(shape));
      case 'union':
        return remember(unions, shape, () => unionType(shape));
    }
  }

  function strictly(slot: Slot, isSure: boolean): GraphQLOutputType {
    const type = typeOf(slot);
    return isSure ? new GraphQLNonNull(type) : type;
  }

  function objectType({ suffix, description, members }: ObjectShape): GraphQLObjectType {
    return new GraphQLObjectType({
      name: prefix + suffix,
      description,
      // Later, because a member may lead back here.
      fields: () => Object.fromEntries(members.map((member) => [member.field, fieldOf(member)])),
    });
  }

  function fieldOf(member: Member): GraphQLFieldConfig<unknown, unknown> {
    const { property, slot, required, description, deprecation } = member;
    return {
      type: strictly(slot, required && !slot.nullable && !isPartial),
      description,
      deprecationReason: deprecation,
      resolve: (source) => present(own(source, property), slot),
    };
  }

  function unionType({ suffix, description, discriminator, options }: UnionShape): GraphQLUnionType {
    const types = [...options].map(([value, shape]) => [value, typeOf({ shape, nullable: false })] as const);
    const byValue = new Map(types as [string, GraphQLObjectType][]);
    return new GraphQLUnionType({
      name: prefix + suffix,
      description,
      types: [...new Set(byValue.values())],
      resolveType: (value) => byValue.get(String(own(value, discriminator)))?.name,
    });
  }

  return { typeOf };
}

function remember<Key, Value>(known: Map<Key, Value>, key: Key, make: () => Value): Value {
  const value = known.get(key) ?? make();
  known.set(key, value);
  return value;
}
