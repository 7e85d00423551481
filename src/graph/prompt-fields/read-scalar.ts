import type { JsonSchema } from '../../domain/prompt.ts';
import { toEnumName } from './names.ts';
import { quote, valuesOf, type Place } from './place.ts';
import { ANYTHING, descriptionOf, MAPPING_LIMITS, type Reading } from './reading.ts';
import type { EnumShape, EnumValue, ScalarName, ScalarShape, Shape, Slot } from './shape.ts';

const MIN_INT = -(2 ** 31);
const MAX_INT = 2 ** 31 - 1;

/** Keywords that check a value which is no list and no object. */
const RULES = [
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'minLength',
  'maxLength',
  'pattern',
  'format',
  'enum',
];

export function scalarShape(scalar: ScalarName, schema: JsonSchema = {}): ScalarShape {
  const rules = RULES.filter((keyword) => Object.hasOwn(schema, keyword));
  const rule = Object.fromEntries(rules.map((keyword) => [keyword, schema[keyword]]));
  return { kind: 'scalar', scalar, only: undefined, rule: rules.length === 0 ? undefined : rule };
}

/** An integer gets Int only where the schema keeps it within its 32 bits. */
export function numberShape(type: 'integer' | 'number', schema: JsonSchema): ScalarShape {
  if (type === 'number') return scalarShape('Float', schema);
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
  const least = boundOf(minimum) ?? boundOf(exclusiveMinimum);
  const most = boundOf(maximum) ?? boundOf(exclusiveMaximum);
  const isShort = least !== undefined && most !== undefined && least >= MIN_INT && most <= MAX_INT;
  return scalarShape(isShort ? 'Int' : 'SafeInt', schema);
}

function boundOf(bound: unknown): number | undefined {
  return typeof bound === 'number' ? bound : undefined;
}

/** A value that an enum may have, and where it is said. */
interface Named {
  value: string;
  description: string | undefined;
  path: readonly string[];
}

/** What `const` or `enum` allow. */
export function readValues(reading: Reading, place: Place, schema: JsonSchema, allowsNull: boolean): Slot {
  const values = valuesOf(schema);
  const path = [...place.path, 'enum'];
  if (!values || values.length === 0) {
    reading.faults.add(path, `is ${quote(schema['enum'])}; it must be a list of values`);
    return ANYTHING;
  }
  const nullable = allowsNull && values.includes(null);
  if (values.length > MAPPING_LIMITS.enumValues)
    reading.faults.stop(path, `holds ${values.length} values; at most ${MAPPING_LIMITS.enumValues} fit`);
  const given = values.filter((value) => value !== null);
  if (given.length === 0) return ANYTHING;
  if (given.every((value) => typeof value === 'string')) {
    const named = given.map((value, index) => ({
      value,
      description: undefined,
      path: [...path, String(index)],
    }));
    return { shape: readTexts(reading, place, named), nullable };
  }
  const scalar = scalarOf(given);
  if (!scalar) {
    reading.faults.add(
      place.path,
      `allows values that GraphQL cannot put into one type: ${quote(values)}; take texts, numbers or booleans alone, or ${AS_JSON}`,
    );
    return ANYTHING;
  }
  const [only] = given as (number | boolean)[];
  return {
    shape: {
      ...scalarShape(scalar, { enum: given }),
      only: given.length === 1 ? only : undefined,
    },
    nullable,
  };
}

/** How whoever is refused can have their way. */
export const AS_JSON = 'write "x-graphql-type": "JSON" to take it as it is';

function scalarOf(values: unknown[]): ScalarName | undefined {
  if (values.every((value) => typeof value === 'boolean')) return 'Boolean';
  if (!values.every((value) => typeof value === 'number')) return undefined;
  if (values.every((value) => Number.isInteger(value) && value >= MIN_INT && value <= MAX_INT)) return 'Int';
  return values.every(Number.isSafeInteger) ? 'SafeInt' : 'Float';
}

/** Texts make an enum; one alone is a text that never changes, because the options of a union are told apart by such. */
export function readTexts(reading: Reading, place: Place, texts: Named[]): Shape {
  const distinct = [...new Map(texts.map((text) => [text.value, text])).values()];
  const [first] = distinct;
  if (first && distinct.length === 1) return { ...scalarShape('String'), only: first.value };
  if (distinct.length > MAPPING_LIMITS.enumValues)
    reading.faults.stop(
      place.path,
      `allows ${distinct.length} values; at most ${MAPPING_LIMITS.enumValues} fit`,
    );
  const values = new Map<string, EnumValue>();
  for (const { value, description, path } of distinct) {
    const name = toEnumName(value);
    const other = name === undefined ? undefined : values.get(name);
    if (name === undefined)
      reading.faults.add(path, `is ${quote(value)}, of which no name of an enum can be made; ${AS_JSON}`);
    else if (other)
      reading.faults.add(path, `is ${quote(value)}, whose name ${name} is that of ${quote(other.value)}`);
    else values.set(name, { name, value, description });
  }
  const { suffix, path } = place;
  const description = descriptionOf(place.schema);
  const shape: EnumShape = { kind: 'enum', suffix, path, description, values: [...values.values()] };
  reading.claim(shape);
  return shape;
}
