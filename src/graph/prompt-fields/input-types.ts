import {
  GraphQLInputObjectType,
  GraphQLList,
  GraphQLNonNull,
  type GraphQLInputFieldConfig,
  type GraphQLInputType,
  type GraphQLEnumType,
  type GraphQLScalarType,
} from 'graphql';
import { createEnumTypes } from './enum-types.ts';
import { fallbackOf, isPrintable, toGiven } from './given.ts';
import { toFieldName } from './names.ts';
import { scalarType, type HouseScalars } from './scalar-types.ts';
import type { Member, ObjectShape, Slot, UnionShape } from './shape.ts';

type Nullable = GraphQLScalarType | GraphQLEnumType | GraphQLInputObjectType | GraphQLList<GraphQLInputType>;

/** What is asked for at one place of an input. */
interface Wanted {
  slot: Slot;
  required: boolean;
  /** What stands for it where it is not given; undefined: nothing does. */
  fallback: unknown;
  description: string | undefined;
  deprecation: string | undefined;
}

/** @param prefix of the names: `SummarizeTicketTicket`. */
export function createInputTypes(prefix: string, scalars: HouseScalars) {
  const nameOf = (suffix: string) => `${prefix}${suffix}Input`;
  const enumType = createEnumTypes(nameOf);
  const objects = new Map<ObjectShape | UnionShape, GraphQLInputObjectType>();

  function typeOf({ shape }: Slot): Nullable {
    switch (shape.kind) {
      case 'scalar':
        return scalarType(shape.scalar, scalars);
      case 'enum':
        return enumType(shape);
      case 'list': {
        const item = typeOf(shape.item);
        return new GraphQLList(shape.item.nullable ? item : new GraphQLNonNull(item));
      }
      default: {
        const type = objects.get(shape) ?? objectType(shape);
        objects.set(shape, type);
        return type;
      }
    }
  }

  function objectType(shape: ObjectShape | UnionShape): GraphQLInputObjectType {
    const { suffix, description } = shape;
    return new GraphQLInputObjectType({
      name: nameOf(suffix),
      description,
      isOneOf: shape.kind === 'union',
      // Later, because a member may lead back here.
      fields: () => Object.fromEntries(shape.kind === 'union' ? optionsOf(shape) : membersOf(shape)),
    });
  }

  function membersOf({ members }: ObjectShape): [string, GraphQLInputFieldConfig][] {
    return members.map((member: Member) => [
      member.field,
      fieldOf({ ...member, fallback: fallbackOf(member) }),
    ]);
  }

  function optionsOf({ options }: UnionShape): [string, GraphQLInputFieldConfig][] {
    return [...options].map(([value, shape]) => [
      toFieldName(value) ?? value,
      { type: typeOf({ shape, nullable: false }), description: shape.description },
    ]);
  }

  function fieldOf(wanted: Wanted): GraphQLInputFieldConfig {
    return toField(wanted, typeOf(wanted.slot));
  }

  return { fieldOf, typeOf, nameOf };
}

/**
 * A default makes a value certain. An object may then still be left out, so that objects with defaults of their own
 * kind never need one another without end; and so may JSON, whose default no graph can print.
 */
function toField(wanted: Wanted, type: Nullable): GraphQLInputFieldConfig {
  const { slot, required, fallback, description, deprecation } = wanted;
  const { kind } = slot.shape;
  const hasDefault = fallback !== undefined && isPrintable(fallback, slot);
  const isObject = kind === 'object' || kind === 'union';
  const isSure = required ? hasDefault || fallback === undefined : hasDefault && !isObject;
  // GraphQL lets nobody deprecate what must be given.
  const mayGo = hasDefault || !isSure || slot.nullable;
  const notes = [description, ...(mayGo ? [] : [deprecation])].filter((text) => text !== undefined);
  return {
    type: isSure && !slot.nullable ? new GraphQLNonNull(type) : type,
    description: notes.join('\n\n') || undefined,
    defaultValue: hasDefault ? toGiven(fallback, slot) : undefined,
    deprecationReason: mayGo ? deprecation : undefined,
  };
}
