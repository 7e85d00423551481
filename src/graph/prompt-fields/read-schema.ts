import type { JsonSchema } from '../../domain/prompt.ts';
import { isTooDeep, MAX_JSON_LEVELS } from '../../lib/json-depth.ts';
import { findAlias, listParts, type Part } from './parts.ts';
import { isRecord, itemPlace, own, quote, rootPlace, type Place } from './place.ts';
import { readObject } from './read-object.ts';
import { AS_JSON, numberShape, readValues, scalarShape } from './read-scalar.ts';
import { isUnion, readUnion } from './read-union.ts';
import { ANYTHING, createReading, MAPPING_LIMITS, nameOf, type Reading } from './reading.ts';
import type { ObjectShape, SchemaShape, Shape, Slot } from './shape.ts';

/**
 * What a JSON Schema makes in a graph.
 * @param schema anybody's; nothing of it is trusted.
 * @throws MappingFaults with everything for which it makes nothing.
 */
export function readSchema(schema: unknown): SchemaShape {
  const { reading, finish } = createReading(schema, makeSlot);
  if (isTooDeep(schema)) reading.faults.stop([], `is nested deeper than ${MAX_JSON_LEVELS} levels`);
  const root = reading.read(rootPlace(schema));
  finish();
  checkEnds(reading);
  reading.faults.settle();
  return { root, named: reading.named };
}

function makeSlot(reading: Reading, place: Place): Slot {
  const { schema, path } = place;
  if (place.depth > MAPPING_LIMITS.depth) {
    reading.faults.add(path, `stands deeper than ${MAPPING_LIMITS.depth} levels; move a part into $defs`);
    return ANYTHING;
  }
  const asked = own(schema, 'x-graphql-type');
  if (asked === 'JSON') return { ...ANYTHING, nullable: allowsNull(schema) };
  if (asked !== undefined)
    reading.faults.add([...path, 'x-graphql-type'], `is ${quote(asked)}; only "JSON" can be asked for`);
  const alias = findAlias(reading, place);
  if (alias) return reading.read(alias);
  const parts = listParts(reading, place);
  const telling = parts.filter(({ isTelling }) => isTelling);
  const [part, ...others] = telling.length === 0 ? parts : telling;
  if (!part) return ANYTHING;
  if (isUnion(reading, parts)) return readUnion(reading, place, parts);
  return others.length === 0
    ? readOne(reading, place, part.schema, parts)
    : readJoined(reading, place, parts);
}

function allowsNull(schema: unknown): boolean {
  const type = own(schema, 'type');
  return type === undefined || type === 'null' || (Array.isArray(type) && type.includes('null'));
}

/** What `allOf`, or a `$ref` with something beside it, say together. */
function readJoined(reading: Reading, place: Place, parts: readonly Part[]): Slot {
  const other = parts.find(({ schema, isTelling }) => isTelling && !isRecord(own(schema, 'properties')));
  if (other) {
    reading.faults.add(
      place.path,
      `joins ${nameOf(other.place.path)}, which names no members, with others; only objects can be joined`,
    );
    return ANYTHING;
  }
  const types = parts.map(({ schema }) => schema['type']).filter((type) => type !== undefined);
  const nullable = types.length > 0 && types.every((type) => Array.isArray(type) && type.includes('null'));
  return { shape: readObject(reading, place, parts), nullable };
}

const TYPES = ['string', 'integer', 'number', 'boolean', 'array', 'object'] as const;
type TypeName = (typeof TYPES)[number];

function readOne(reading: Reading, place: Place, schema: JsonSchema, parts: readonly Part[]): Slot {
  const types = typesOf(schema);
  const nullable = types.includes('null') || schema['nullable'] === true;
  if (Object.hasOwn(schema, 'const') || Object.hasOwn(schema, 'enum'))
    return readValues(reading, place, schema, types.length === 0 || nullable);
  const [type, ...others] = types.filter((each) => each !== 'null');
  if (type === undefined) return ANYTHING;
  const isKnown = TYPES.some((known) => known === type);
  const areNumbers = others.length === 1 && types.includes('integer') && types.includes('number');
  if (!isKnown || (others.length > 0 && !areNumbers)) {
    const right = isKnown ? `GraphQL has no such type; choose one, or ${AS_JSON}` : `use ${TYPES.join(', ')}`;
    reading.faults.add([...place.path, 'type'], `is ${quote(schema['type'])}; ${right}`);
    return ANYTHING;
  }
  const chosen = areNumbers ? 'number' : (type as TypeName);
  return { shape: readType(reading, place, chosen, { schema, parts }), nullable };
}

/** Where no type is given, the keywords that only mean something to one tell it. */
function typesOf(schema: JsonSchema): unknown[] {
  const type = schema['type'];
  if (Array.isArray(type)) return type;
  if (Object.hasOwn(schema, 'type')) return [type];
  const has = (...keywords: string[]) => keywords.some((keyword) => Object.hasOwn(schema, keyword));
  if (has('properties', 'patternProperties', 'additionalProperties')) return ['object'];
  return has('items', 'prefixItems') ? ['array'] : [];
}

function readType(
  reading: Reading,
  place: Place,
  type: TypeName,
  { schema, parts }: { schema: JsonSchema; parts: readonly Part[] },
): Shape {
  if (type === 'string') return scalarShape(schema['format'] === 'date-time' ? 'DateTime' : 'String', schema);
  if (type === 'boolean') return scalarShape('Boolean');
  if (type === 'array') return { kind: 'list', item: readItem(reading, place, schema) };
  if (type !== 'object') return numberShape(type, schema);
  const named = own(schema, 'properties');
  const isFree = named === undefined || (isRecord(named) && Object.keys(named).length === 0);
  if (isFree) return { kind: 'scalar', scalar: 'JSON', only: undefined, rule: { type: 'object' } };
  return readObject(reading, place, parts);
}

function readItem(reading: Reading, place: Place, schema: JsonSchema): Slot {
  const isTuple = Object.hasOwn(schema, 'prefixItems') || Array.isArray(own(schema, 'items'));
  if (isTuple) {
    const what = `is a list with a schema for each place; GraphQL has only lists of one type: make it an object, or ${AS_JSON}`;
    reading.faults.add(place.path, what);
    return ANYTHING;
  }
  return Object.hasOwn(schema, 'items') ? reading.read(itemPlace(place)) : ANYTHING;
}

/** An object that needs another of its kind, and that one another, is never complete. */
function checkEnds({ named, faults }: Reading): void {
  const ended = new Set<ObjectShape>();
  const within: ObjectShape[] = [];
  const visit = (shape: Shape, path: readonly string[]) => {
    if (shape.kind !== 'object' || ended.has(shape)) return;
    if (within.includes(shape)) {
      faults.add(path, 'needs itself without end; leave it out of required, or allow null');
      return;
    }
    within.push(shape);
    for (const { slot, required, path: at } of shape.members)
      if (required && !slot.nullable) visit(slot.shape, at);
    within.pop();
    ended.add(shape);
  };
  for (const shape of named) visit(shape, shape.path);
}
