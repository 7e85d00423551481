import type { JsonSchema } from '../../domain/prompt.ts';
import {
  branchPlace,
  isRecord,
  own,
  propertyPlace,
  quote,
  resolveRef,
  valuesOf,
  type Place,
} from './place.ts';
import { AT_THE_END_OF_A_CHAIN, MAPPING_LIMITS, type Reading } from './reading.ts';

/** One of the schemas that hold together at a place: its own, where `$ref` leads, those of `allOf`. */
export interface Part {
  place: Place;
  schema: JsonSchema;
  /** Whether it says more than that there is an object, and which members it must have. */
  isTelling: boolean;
}

/** Keywords that say what a value is; all others only check or describe it. */
const TELLING = [
  'type',
  'const',
  'enum',
  'properties',
  'patternProperties',
  'additionalProperties',
  'items',
  'prefixItems',
  'oneOf',
  'anyOf',
  'x-graphql-type',
];

/** All that hold at a place and say what a value is there, its own first. */
export function listParts(reading: Reading, place: Place): Part[] {
  const seen = new Set<string>();
  const within = new Set<string>();
  const visit = (at: Place): Part[] => {
    reading.countSteps(1, at.path);
    const key = JSON.stringify(at.path);
    if (within.has(key)) {
      reading.faults.add(at.path, 'leads back to itself, so it says nothing');
      return [];
    }
    if (seen.has(key) || at.schema === true) return [];
    if (within.size > MAPPING_LIMITS.chain) reading.faults.stop(at.path, AT_THE_END_OF_A_CHAIN);
    seen.add(key);
    if (!isRecord(at.schema)) {
      const what = at.schema === false ? 'allows no value' : `is ${quote(at.schema)}, which is no schema`;
      reading.faults.add(at.path, what);
      return [];
    }
    within.add(key);
    const parts = [...ownPart(at, at.schema), ...listOthers(reading, at, at.schema).flatMap(visit)];
    within.delete(key);
    return parts;
  };
  return visit(place);
}

/**
 * The place that says everything where a schema says nothing itself: `$ref` alone or beside a description, `allOf` of one.
 * Types are named by that place.
 */
export function findAlias(reading: Reading, place: Place): Place | undefined {
  reading.countSteps(1, place.path);
  if (!isRecord(place.schema) || ownPart(place, place.schema).some(({ isTelling }) => isTelling))
    return undefined;
  const others = listOthers(reading, place, place.schema);
  if (others.length < 2) return others[0];
  const telling = others.filter((other) => listParts(reading, other).some(({ isTelling }) => isTelling));
  return telling.length === 1 ? telling[0] : undefined;
}

/** Where the aliases of a place end. */
export function followAliases(reading: Reading, place: Place): Place {
  const seen = new Set<string>();
  let at = place;
  for (let next = findAlias(reading, at); next; next = findAlias(reading, at)) {
    const key = JSON.stringify(next.path);
    if (seen.has(key)) break;
    seen.add(key);
    at = next;
  }
  return at;
}

function ownPart(place: Place, schema: JsonSchema): Part[] {
  const says = [...TELLING, 'required'].some((keyword) => Object.hasOwn(schema, keyword));
  return says ? [{ place, schema, isTelling: !saysOnlyObject(schema) }] : [];
}

function listOthers({ root, faults }: Reading, place: Place, schema: JsonSchema): Place[] {
  if (place.path.length > 0 && typeof schema['$id'] === 'string')
    faults.add([...place.path, '$id'], 'makes a schema of its own inside the schema; leave it out');
  for (const keyword of ['$dynamicRef', '$recursiveRef'])
    if (Object.hasOwn(schema, keyword)) faults.add([...place.path, keyword], 'is not followed; use $ref');
  const others: Place[] = [];
  if (Object.hasOwn(schema, '$ref')) {
    const target = resolveRef(root, schema['$ref']);
    if (typeof target === 'string') faults.add([...place.path, '$ref'], target);
    else others.push(target);
  }
  const all = own(schema, 'allOf');
  if (Array.isArray(all)) others.push(...all.map((_, index) => branchPlace(place, 'allOf', index)));
  else if (all !== undefined) faults.add([...place.path, 'allOf'], `is ${quote(all)}; it must be a list`);
  return others;
}

function saysOnlyObject(schema: JsonSchema): boolean {
  const { type, additionalProperties } = schema;
  const isBare = TELLING.every(
    (keyword) => keyword === 'type' || keyword === 'additionalProperties' || !Object.hasOwn(schema, keyword),
  );
  return isBare && (type === 'object' || type === undefined) && !isRecord(additionalProperties);
}

/** What the parts of an object say together. */
export interface JoinedObject {
  properties: Map<string, Place>;
  required: Set<string>;
}

export function joinObject(reading: Reading, parts: readonly Part[]): JoinedObject {
  const properties = new Map<string, Place>();
  const required = new Set<string>();
  for (const { place, schema } of parts) {
    checkOpenness(reading, place, schema);
    for (const name of listNames(own(schema, 'required'))) required.add(name);
    const named = own(schema, 'properties');
    if (named === undefined) continue;
    if (!isRecord(named)) {
      reading.faults.add([...place.path, 'properties'], `is ${quote(named)}; it must hold schemas by name`);
      continue;
    }
    const names = Object.keys(named);
    reading.countSteps(names.length, [...place.path, 'properties']);
    for (const property of names) {
      const added = propertyPlace(place, property);
      const present = properties.get(property);
      const chosen = present ? chooseNarrower(present, added) : added;
      if (chosen) properties.set(property, chosen);
      else
        reading.faults.add(
          added.path,
          `is said otherwise by ${present!.path.join('.')}, which holds too; say it once`,
        );
    }
  }
  return { properties, required };
}

function listNames(required: unknown): string[] {
  return Array.isArray(required) ? required.filter((name): name is string => typeof name === 'string') : [];
}

/** Members of any name beside named ones would be lost without a word. */
function checkOpenness({ faults }: Reading, { path }: Place, schema: JsonSchema): void {
  if (!Object.hasOwn(schema, 'properties')) return;
  for (const keyword of ['additionalProperties', 'patternProperties']) {
    const more = own(schema, keyword);
    if (isRecord(more) && Object.keys(more).length > 0)
      faults.add(
        [...path, keyword],
        'describes members of any name beside named ones; move them into a member of their own',
      );
  }
}

/** The same said twice, or a value named where another part only gives the type. */
function chooseNarrower(one: Place, other: Place): Place | undefined {
  if (JSON.stringify(one.schema) === JSON.stringify(other.schema)) return one;
  const count = ({ schema }: Place) => (isRecord(schema) ? valuesOf(schema)?.length : undefined);
  if (count(one) === 1) return one;
  return count(other) === 1 ? other : undefined;
}
