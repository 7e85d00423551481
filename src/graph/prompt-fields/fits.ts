import { readInstant } from './instant.ts';
import { isRecord, own } from './place.ts';
import type { ObjectShape, ScalarShape, Slot, UnionShape } from './shape.ts';

/** Whether a JSON value is of the kind that its place asks for; rules about its size are not looked at. */
export function fits(value: unknown, { shape, nullable }: Slot): boolean {
  if (value === null) return nullable;
  switch (shape.kind) {
    case 'scalar':
      return fitsScalar(value, shape);
    case 'enum':
      return shape.values.some((allowed) => allowed.value === value);
    case 'list':
      return Array.isArray(value) && value.every((item) => fits(item, shape.item));
    case 'union': {
      const option = optionOf(value, shape);
      return option !== undefined && fits(value, { shape: option, nullable: false });
    }
    case 'object':
      return (
        isRecord(value) &&
        shape.members.every(({ property, slot, required }) => {
          const member = own(value, property);
          return member === undefined ? !required : fits(member, slot);
        })
      );
  }
}

/** The option of a union that a value says it is. */
export function optionOf(value: unknown, { discriminator, options }: UnionShape): ObjectShape | undefined {
  const told = own(value, discriminator);
  return typeof told === 'string' ? options.get(told) : undefined;
}

export function fitsScalar(value: unknown, { scalar, only }: ScalarShape): boolean {
  if (only !== undefined && value !== only) return false;
  switch (scalar) {
    case 'String':
      return typeof value === 'string';
    case 'Boolean':
      return typeof value === 'boolean';
    case 'Int':
      return Number.isInteger(value) && Math.abs(value as number) < 2 ** 31;
    case 'SafeInt':
      return Number.isSafeInteger(value);
    case 'Float':
      return Number.isFinite(value);
    case 'DateTime':
      return typeof value === 'string' && readInstant(value) !== undefined;
    case 'JSON':
      return value !== undefined;
  }
}
