import { compileSchema } from '../../lib/json-schema.ts';
import { readFacts, type Facts } from './facts.ts';
import { fillNumber } from './fill-number.ts';
import { fillString } from './fill-string.ts';
import { isSchema, resolveSchema, type Schema } from './resolve-schema.ts';

/** Optional members are filled down to this depth, so that a schema which contains itself comes to an end. */
const OPTIONAL_DEPTH = 3;
const MAX_DEPTH = 32;
const MAX_LISTED = 10;
/** Callers write the schemas: one that asks for more than this gets a value that it will not allow. */
const MAX_VALUES = 2_000;
/** How many alternatives of an `anyOf` or `oneOf` are tried. */
const MAX_CHOICES = 4;

/**
 * A value that a JSON Schema allows, taken from the text where something there fits, made up otherwise. Schemas
 * that are met by neither (patterns, `not`, `dependentSchemas`) get a value that comes near.
 */
export function fillSchema(schema: Schema, text: string): unknown {
  const fault = compileSchema(schema);
  const informed = fill(schema, start(schema, text, 0));
  if (fault(informed) === undefined) return informed;
  for (let choice = 0; choice < MAX_CHOICES; choice += 1) {
    const sample = fill(schema, start(schema, '', choice));
    if (fault(sample) === undefined) return sample;
  }
  return informed;
}

/** Where in the value the filling is. */
export interface Place {
  root: Schema;
  facts: Facts;
  /** Which alternative to take. */
  choice: number;
  /** Name of the property that is filled, or of the one whose list it is. */
  key: string;
  /** Position in a list, to make its members differ. */
  index: number;
  depth: number;
  /** How many values may still be made, in the whole. */
  room: { values: number };
}

function start(root: Schema, text: string, choice: number): Place {
  return { root, facts: readFacts(text), choice, key: '', index: 0, depth: 0, room: { values: MAX_VALUES } };
}

function fill(unresolved: unknown, place: Place): unknown {
  place.room.values -= 1;
  if (!isSchema(unresolved) || place.depth > MAX_DEPTH || place.room.values < 0) return null;
  const schema = resolveSchema(unresolved, place.root, place.choice);
  if ('const' in schema) return schema['const'];
  if (Array.isArray(schema['enum'])) return chooseMember(schema['enum'], place);
  switch (typeOf(schema)) {
    case 'object':
      return fillObject(schema, place);
    case 'array':
      return fillArray(schema, place);
    case 'integer':
    case 'number':
      return fillNumber(schema, place);
    case 'boolean':
      return fillBoolean(place);
    case 'null':
      return null;
    default:
      return fillString(schema, place);
  }
}

function typeOf(schema: Schema): unknown {
  const { type } = schema;
  if (Array.isArray(type)) return type.find((name) => name !== 'null') ?? 'null';
  if (type !== undefined) return type;
  if ('properties' in schema || 'required' in schema) return 'object';
  if ('items' in schema || 'prefixItems' in schema) return 'array';
  return 'minimum' in schema || 'maximum' in schema || 'multipleOf' in schema ? 'number' : 'string';
}

/** The member that the text names, else the first. */
function chooseMember(members: unknown[], { facts, index }: Place): unknown {
  const text = facts.text.toLowerCase();
  const named = members.filter((member) => typeof member === 'string' && text.includes(member.toLowerCase()));
  const ordered = [...new Set([...named, ...members])];
  return ordered[index % ordered.length];
}

function fillObject(schema: Schema, place: Place): Record<string, unknown> {
  const properties = isSchema(schema['properties']) ? schema['properties'] : {};
  const required = Array.isArray(schema['required']) ? schema['required'].map(String) : [];
  const optional = place.depth < OPTIONAL_DEPTH ? Object.keys(properties) : [];
  const value: Record<string, unknown> = {};
  const put = (key: string, member: unknown) => {
    value[key] = fill(member, { ...place, key, index: 0, depth: place.depth + 1 });
  };
  const others = isSchema(schema['additionalProperties']) ? schema['additionalProperties'] : {};
  for (const key of new Set([...optional, ...required])) put(key, properties[key] ?? others);
  const least = Math.min(Number(schema['minProperties'] ?? 0), MAX_VALUES);
  for (let count = Object.keys(value).length; count < least; count += 1) put(`key${count + 1}`, others);
  return value;
}

/** As many members as the text has something for, at least one where that is allowed. */
function fillArray(schema: Schema, place: Place): unknown[] {
  const { prefixItems, items, minItems, maxItems } = schema;
  const first = Array.isArray(prefixItems) ? prefixItems : [];
  const least = Math.min(Math.max(Number(minItems ?? 0), first.length), MAX_VALUES);
  const most = Math.min(Number(maxItems ?? Infinity), Math.max(least, MAX_LISTED));
  const wanted = Math.min(most, Math.max(least, place.depth < OPTIONAL_DEPTH && items !== false ? 1 : 0));
  const member = (index: number) =>
    fill(first[index] ?? items ?? {}, { ...place, index, depth: place.depth + 1 });
  const values = Array.from({ length: wanted }, (_, index) => member(index));
  if (!isListOfFinds(items, place)) return values;
  while (values.length < most) {
    const next = member(values.length);
    if (typeof next !== 'string' || !place.facts.text.includes(next) || values.includes(next)) break;
    values.push(next);
  }
  return values;
}

/** Whether a list is of a kind that a text holds several of, such as addresses. */
function isListOfFinds(items: unknown, { root, choice, facts }: Place): boolean {
  if (!isSchema(items) || facts.text === '') return false;
  const schema = resolveSchema(items, root, choice);
  return typeOf(schema) === 'string' && ['email', 'uri', 'date'].includes(String(schema['format']));
}

function fillBoolean({ facts, key }: Place): boolean {
  const labelled = facts.findLabelled(key);
  return labelled !== undefined && /^(yes|true|on|1)\b/i.test(labelled);
}
