import { toTypeSuffix } from './names.ts';
import { followAliases, joinObject, listParts, type Part } from './parts.ts';
import { branchPlace, isNull, isRecord, own, quote, valuesOf, type Place } from './place.ts';
import { readObject } from './read-object.ts';
import { AS_JSON, readTexts, scalarShape } from './read-scalar.ts';
import { ANYTHING, AT_THE_END_OF_A_CHAIN, descriptionOf, MAPPING_LIMITS, type Reading } from './reading.ts';
import type { ObjectShape, ScalarName, Slot, UnionShape } from './shape.ts';

interface Option {
  place: Place;
  parts: Part[];
}

const UNIONS = ['oneOf', 'anyOf'] as const;

/** Whether one of several schemas holds at a place, and it makes a difference to the type which. */
export function isUnion(reading: Reading, parts: readonly Part[]): boolean {
  const hasMembers = parts.some(({ schema }) => Object.hasOwn(schema, 'properties'));
  return parts.some((part) =>
    listOptions(reading, part).some(({ parts: said }) =>
      said.some(({ schema, isTelling }) => isTelling || (!hasMembers && Object.hasOwn(schema, 'type'))),
    ),
  );
}

/**
 * What one of several schemas makes: the same or null, an enum, a scalar, or a union of objects.
 * @param parts all that hold at the place.
 */
export function readUnion(reading: Reading, place: Place, parts: readonly Part[]): Slot {
  const holders = parts.filter(({ schema }) => UNIONS.some((keyword) => Object.hasOwn(schema, keyword)));
  if (holders.length > 1 || UNIONS.every((keyword) => own(holders[0]!.schema, keyword) !== undefined)) {
    reading.faults.add(place.path, `is two unions at once; write one, or ${AS_JSON}`);
    return ANYTHING;
  }
  const hasMembers = parts.some(({ schema }) => Object.hasOwn(schema, 'properties'));
  const all = listOptions(reading, holders[0]!);
  const options = all.filter((option) => hasMembers || !isNothing(option));
  const nullable = options.length < all.length;
  const [first] = options;
  if (!first) return ANYTHING;
  if (options.length === 1 && !hasMembers) {
    const slot = reading.read(first.place);
    return { ...slot, nullable: nullable || slot.nullable };
  }
  if (!hasMembers && options.some(({ parts: said }) => said.length === 0)) return ANYTHING;
  const plain = hasMembers ? undefined : readPlain(reading, place, options);
  if (plain) return { shape: plain, nullable };
  return readObjects(reading, place, { parts, options, nullable, hasMembers });
}

/** A union in a union counts as one. */
function listOptions(reading: Reading, { place, schema }: Part, within: readonly string[] = []): Option[] {
  const key = JSON.stringify(place.path);
  if (within.includes(key)) {
    reading.faults.add(place.path, 'leads back to itself with no object in between');
    return [];
  }
  if (within.length > MAPPING_LIMITS.chain) reading.faults.stop(place.path, AT_THE_END_OF_A_CHAIN);
  return UNIONS.flatMap((keyword) => {
    const list = own(schema, keyword);
    if (list === undefined) return [];
    if (!Array.isArray(list) || list.length === 0) {
      reading.faults.add([...place.path, keyword], `is ${quote(list)}; it must be a list of schemas`);
      return [];
    }
    return list.flatMap((_, index) => {
      const option = branchPlace(place, keyword, index);
      const parts = listParts(reading, option);
      const [inner] = parts;
      const isInner = parts.length === 1 && inner && UNIONS.some((word) => Object.hasOwn(inner.schema, word));
      return isInner && !Object.hasOwn(inner.schema, 'properties')
        ? listOptions(reading, inner, [...within, key])
        : [{ place: option, parts }];
    });
  });
}

function isNothing({ parts }: Option): boolean {
  return parts.some(({ schema }) => isNull(schema));
}

/** Texts of which one is chosen, or scalars that have one type in common. */
function readPlain(reading: Reading, place: Place, options: readonly Option[]) {
  const texts = options.map(({ place: at, parts: [part] }) => {
    const values = part && valuesOf(part.schema);
    if (!values?.every((value) => typeof value === 'string')) return undefined;
    return values.map((value) => ({ value, description: descriptionOf(at.schema), path: at.path }));
  });
  if (texts.every((values) => values !== undefined)) return readTexts(reading, place, texts.flat());
  const types = new Set(
    options.map(({ parts }) => (parts.length === 1 ? typeOf(parts[0]!.schema) : undefined)),
  );
  const scalar = commonOf(types);
  return scalar && scalarShape(scalar);
}

/** The type of a scalar, null being allowed elsewhere. */
function typeOf(schema: Record<string, unknown>): string | undefined {
  const values = valuesOf(schema);
  const [type = schema['type'], ...others] = new Set(values?.map((value) => typeof value));
  return typeof type === 'string' && others.length === 0 ? type : undefined;
}

function commonOf(types: ReadonlySet<string | undefined>): ScalarName | undefined {
  const within = (...allowed: string[]) => [...types].every((type) => allowed.includes(type ?? ''));
  if (within('string')) return 'String';
  if (within('boolean')) return 'Boolean';
  if (within('integer')) return 'SafeInt';
  return within('integer', 'number') ? 'Float' : undefined;
}

interface Choice {
  /** What holds for each option. */
  parts: readonly Part[];
  options: readonly Option[];
  nullable: boolean;
  hasMembers: boolean;
}

function readObjects(reading: Reading, place: Place, choice: Choice): Slot {
  const { parts, options, nullable, hasMembers } = choice;
  const discriminator = findDiscriminator(reading, place, choice);
  if (!discriminator) return ANYTHING;
  const shapes = new Map<string, ObjectShape>();
  options.forEach((option, index) => {
    const value = discriminator.values[index]!;
    const suffix = place.suffix + (toTypeSuffix(value) ?? '');
    if (suffix === place.suffix)
      reading.faults.add(option.place.path, `is told by ${quote(value)}, of which no name can be made`);
    const target = followAliases(reading, option.place);
    const named = { ...option.place, suffix };
    const shape =
      target !== option.place && !hasMembers
        ? reading.read(target).shape
        : readObject(reading, named, [...parts, ...listParts(reading, named)]);
    if (shape.kind === 'object') shapes.set(value, shape);
  });
  const shape: UnionShape = {
    kind: 'union',
    suffix: place.suffix,
    path: place.path,
    description: descriptionOf(place.schema),
    discriminator: discriminator.property,
    options: shapes,
  };
  reading.claim(shape);
  return { shape, nullable };
}

/** The property that every option must have, each with a text of its own. */
function findDiscriminator(
  reading: Reading,
  place: Place,
  { parts, options }: Choice,
): { property: string; values: string[] } | undefined {
  const joined = options.map((option) => joinObject(reading, [...parts, ...option.parts]));
  const valuesBy = (property: string) =>
    joined.map(({ properties, required }) => {
      const at = properties.get(property);
      return at && required.has(property) ? onlyTextOf(reading, at) : undefined;
    });
  const named = parts
    .map(({ schema }) => own(own(schema, 'discriminator'), 'propertyName'))
    .find((name) => typeof name === 'string');
  const candidates = named === undefined ? [...(joined[0]?.properties.keys() ?? [])] : [named];
  const found = candidates.flatMap((property) => {
    const values = valuesBy(property);
    const texts = values.filter((value) => value !== undefined);
    return new Set(texts).size === options.length ? [{ property, values: texts }] : [];
  });
  if (found.length === 1) return found[0];
  const most = found.map(({ property }) => quote(property)).join(' and ');
  reading.faults.add(
    place.path,
    found.length > 1
      ? `has options that ${most} tell apart; name one of them as discriminator.propertyName`
      : `is a union whose options nothing tells apart; give each one a required property with a const of its own${named === undefined ? '' : ` named ${quote(named)}`}, or ${AS_JSON}`,
  );
  return undefined;
}

function onlyTextOf(reading: Reading, place: Place): string | undefined {
  const [part, ...others] = listParts(reading, place);
  const [value, ...more] =
    (part && others.length === 0 && isRecord(part.schema) && valuesOf(part.schema)) || [];
  return typeof value === 'string' && more.length === 0 ? value : undefined;
}
