import type { JsonSchema } from '../../domain/prompt.ts';
import { toTypeSuffix } from './names.ts';

/** A schema where it is written. Wherever it is referred to from, it keeps its one name. */
export interface Place {
  schema: unknown;
  /** Segments of the JSON pointer to it. */
  path: readonly string[];
  /** What it adds to the name of a type. */
  suffix: string;
  /** How deep it stands in the root or in its definition. */
  depth: number;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What stands under a key itself; a key such as `constructor` finds nothing. */
export function own(holder: unknown, key: string): unknown {
  return isRecord(holder) && Object.hasOwn(holder, key) ? holder[key] : undefined;
}

export function rootPlace(schema: unknown): Place {
  return { schema, path: [], suffix: '', depth: 0 };
}

export function propertyPlace(place: Place, property: string): Place {
  const schema = own(own(place.schema, 'properties'), property);
  return step(place, ['properties', property], schema, place.suffix + (toTypeSuffix(property) ?? ''));
}

export function itemPlace(place: Place): Place {
  return step(place, ['items'], own(place.schema, 'items'), `${place.suffix}Item`);
}

/** One of `allOf`, `anyOf` or `oneOf`. It adds nothing to the name. */
export function branchPlace(place: Place, keyword: string, index: number): Place {
  const list = own(place.schema, keyword);
  return step(
    place,
    [keyword, String(index)],
    Array.isArray(list) ? (list[index] as unknown) : undefined,
    place.suffix,
  );
}

function definitionPlace(place: Place, keyword: string, name: string): Place {
  const path = [...place.path, keyword, name];
  return {
    schema: own(own(place.schema, keyword), name),
    path,
    suffix: toTypeSuffix(name) ?? '',
    depth: 0,
  };
}

function step(place: Place, segments: string[], schema: unknown, suffix: string): Place {
  return { schema, path: [...place.path, ...segments], suffix, depth: place.depth + 1 };
}

/**
 * Where a `$ref` leads.
 * @returns what is wrong with it as the rest of a sentence, where it leads nowhere.
 */
export function resolveRef(root: unknown, ref: unknown): Place | string {
  if (typeof ref !== 'string') return 'is no text; write a pointer such as "#/$defs/Author"';
  if (ref === '#') return rootPlace(root);
  if (!ref.startsWith('#/'))
    return `is ${quote(ref)}; only pointers into this schema are followed, such as "#/$defs/Author"`;
  const segments = readPointer(ref);
  const found = segments && walk(rootPlace(root), segments);
  if (typeof found === 'string') return `is ${quote(ref)}, ${found}`;
  return found ?? `is ${quote(ref)}, where nothing stands`;
}

function readPointer(ref: string): string[] | undefined {
  try {
    const segments = decodeURIComponent(ref.slice(2)).split('/');
    return segments.map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
  } catch {
    return undefined;
  }
}

function walk(from: Place, segments: string[]): Place | string | undefined {
  let place = from;
  for (let index = 0; index < segments.length;) {
    const [keyword = '', name] = segments.slice(index);
    const next = enter(place, keyword, name);
    if (typeof next === 'string') return next;
    if (next?.schema === undefined) return undefined;
    place = next;
    index += keyword === 'items' ? 1 : 2;
  }
  return place;
}

function enter(place: Place, keyword: string, name: string | undefined): Place | string | undefined {
  if (keyword === 'items') return itemPlace(place);
  if (name === undefined) return undefined;
  if (keyword === 'properties') return propertyPlace(place, name);
  if (keyword === '$defs' || keyword === 'definitions') return definitionPlace(place, keyword, name);
  if (keyword === 'allOf') return branchPlace(place, keyword, Number(name));
  if (keyword !== 'anyOf' && keyword !== 'oneOf')
    return `which leads into ${quote(keyword)}; move what is shared into $defs`;
  const options = own(place.schema, keyword);
  const isUnion = Array.isArray(options) && options.filter((option) => !isNull(option)).length > 1;
  // The name of an option depends on what tells it from the others.
  return isUnion
    ? 'which leads into a union; move what is shared into $defs'
    : branchPlace(place, keyword, Number(name));
}

/** Whether a schema takes null and nothing else. */
export function isNull(schema: unknown): boolean {
  if (!isRecord(schema)) return false;
  const values = valuesOf(schema);
  return schema['type'] === 'null' || (values?.length === 1 && values[0] === null);
}

/** The values that `const` or `enum` name. */
export function valuesOf(schema: JsonSchema): unknown[] | undefined {
  if (Object.hasOwn(schema, 'const')) return [schema['const']];
  const values = own(schema, 'enum');
  return Array.isArray(values) ? values : undefined;
}

const MAX_QUOTED = 60;

/** A value for a message, cut where it is long. */
export function quote(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text;
}
