import { optionOf } from './fits.ts';
import { toFieldName } from './names.ts';
import { isRecord, own } from './place.ts';
import { readInstant } from './instant.ts';
import type { Member, ObjectShape, Slot, UnionShape } from './shape.ts';

/** What stands for a member that is not given. A text that never changes need not be written. */
export function fallbackOf({ fallback, required, slot: { shape } }: Member): unknown {
  if (fallback !== undefined) return fallback;
  return required && shape.kind === 'scalar' ? shape.only : undefined;
}

/** Makes what GraphQL took for an input type the JSON value that the schema describes. */
export function toValue(given: unknown, { shape }: Slot): unknown {
  if (given === null || given === undefined) return given;
  if (given instanceof Date) return given.toISOString();
  if (shape.kind === 'list')
    return Array.isArray(given) ? given.map((item) => toValue(item, shape.item)) : given;
  if (shape.kind === 'object') return toObject(given, shape);
  return shape.kind === 'union' ? toOption(given, shape) : given;
}

function toObject(given: unknown, { members }: ObjectShape): Record<string, unknown> {
  const present = members.flatMap((member): [string, unknown][] => {
    const { property, field, slot, required } = member;
    const value = own(given, field);
    if (value === null && slot.nullable) return [[property, null]];
    if (value !== undefined && value !== null) return [[property, toValue(value, slot)]];
    const fallback = fallbackOf(member);
    if (fallback !== undefined) return [[property, fallback]];
    // GraphQL cannot ask for what may be null, so nothing is the null that the schema wants.
    return required && slot.nullable ? [[property, null]] : [];
  });
  return Object.fromEntries(present);
}

function toOption(given: unknown, { discriminator, options }: UnionShape): unknown {
  for (const [value, shape] of options) {
    const option = own(given, toFieldName(value) ?? value);
    // The key tells the option, whatever stands inside.
    if (option !== undefined && option !== null)
      return Object.fromEntries([...Object.entries(toObject(option, shape)), [discriminator, value]]);
  }
  return {};
}

/**
 * The other way: makes a JSON value what GraphQL takes for the input type, for a default.
 * @param value fits the slot.
 */
export function toGiven(value: unknown, { shape }: Slot): unknown {
  if (value === null) return null;
  switch (shape.kind) {
    case 'scalar':
      return shape.scalar === 'DateTime' ? readInstant(value as string) : value;
    case 'enum':
      return value;
    case 'list':
      return (value as unknown[]).map((item) => toGiven(item, shape.item));
    case 'union': {
      const told = own(value, shape.discriminator) as string;
      const option = optionOf(value, shape)!;
      return { [toFieldName(told) ?? told]: toGiven(value, { shape: option, nullable: false }) };
    }
    case 'object':
      return Object.fromEntries(
        shape.members
          .map(({ property, field, slot }) => [field, own(value, property), slot] as const)
          .filter(([, member]) => member !== undefined)
          .map(([field, member, slot]) => [field, toGiven(member, slot)]),
      );
  }
}

/** Whether a value can be written into the text of a graph: JSON inside a scalar cannot, unless it is a scalar itself. */
export function isPrintable(value: unknown, { shape }: Slot): boolean {
  if (value === null) return true;
  switch (shape.kind) {
    case 'scalar':
      return typeof value !== 'object';
    case 'enum':
      return true;
    case 'list':
      return (value as unknown[]).every((item) => isPrintable(item, shape.item));
    case 'union':
      return isPrintable(value, { shape: optionOf(value, shape)!, nullable: false });
    case 'object':
      return (
        isRecord(value) &&
        shape.members.every(({ property, slot }) => {
          const member = own(value, property);
          return member === undefined || isPrintable(member, slot);
        })
      );
  }
}
