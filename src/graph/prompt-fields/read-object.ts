import { toFieldName } from './names.ts';
import { joinObject, listParts, type Part } from './parts.ts';
import { isRecord, own, quote, type Place } from './place.ts';
import { descriptionOf, type Reading } from './reading.ts';
import type { Member, ObjectShape, ScalarShape, Shape } from './shape.ts';

/**
 * An object of named members.
 * @param parts all that hold at the place.
 */
export function readObject(reading: Reading, place: Place, parts: readonly Part[]): ObjectShape {
  const { suffix, path } = place;
  const shape: ObjectShape = {
    kind: 'object',
    suffix,
    path,
    description: descriptionOf(place.schema),
    members: [],
  };
  reading.claim(shape);
  reading.later(() => fill(reading, shape, parts));
  return shape;
}

function fill(reading: Reading, shape: ObjectShape, parts: readonly Part[]): void {
  const { properties, required } = joinObject(reading, parts);
  reading.countMembers(properties.size, shape.path);
  const byField = new Map<string, string>();
  for (const [property, place] of properties) {
    if (place.schema === false) continue;
    const field = toFieldName(property);
    const other = field === undefined ? undefined : byField.get(field);
    if (field === undefined)
      reading.faults.add(
        place.path,
        'has a name of which no name of a field can be made; use letters a to z',
      );
    else if (other !== undefined)
      reading.faults.add(place.path, `gives the field ${field}, as ${quote(other)} does; rename one`);
    else {
      byField.set(field, property);
      shape.members.push(readMember(reading, place, { property, field, required: required.has(property) }));
    }
  }
}

function readMember(
  reading: Reading,
  place: Place,
  named: Pick<Member, 'property' | 'field' | 'required'>,
): Member {
  const slot = reading.read(place);
  return {
    ...named,
    slot,
    fallback: own(place.schema, 'default'),
    description: describe(reading, place, slot.shape),
    deprecation: readDeprecation(reading, place),
    path: place.path,
  };
}

function describe(reading: Reading, place: Place, shape: Shape): string | undefined {
  // A type of its own brings its own description.
  const said =
    descriptionOf(place.schema) ??
    (shape.kind === 'scalar' ? descriptionOf(listParts(reading, place)[0]?.schema) : undefined);
  const notes = shape.kind === 'scalar' ? noteOf(shape) : undefined;
  return [said, notes].filter((text) => text !== undefined).join('\n\n') || undefined;
}

function noteOf({ scalar, only, rule }: ScalarShape): string | undefined {
  if (only !== undefined) return `Always ${JSON.stringify(only)}.`;
  const format = rule?.['format'];
  return scalar === 'String' && typeof format === 'string' ? `Format: ${format}.` : undefined;
}

const DATE = /^\d{4}-\d{2}-\d{2}$/;

/** `deprecated`, with the dates that `x-deprecated-since` and `x-removed-after` add to it. */
function readDeprecation({ faults }: Reading, { schema, path }: Place): string | undefined {
  if (!isRecord(schema) || schema['deprecated'] !== true) return undefined;
  const dateOf = (keyword: string) => {
    const date = own(schema, keyword);
    if (date === undefined || (typeof date === 'string' && DATE.test(date))) return date;
    faults.add([...path, keyword], `is ${quote(date)}; write a date such as "2027-01-31"`);
    return undefined;
  };
  const since = dateOf('x-deprecated-since');
  const until = dateOf('x-removed-after');
  const sentences = [
    since === undefined ? 'Deprecated.' : `Deprecated since ${since}.`,
    ...(until === undefined ? [] : [`Goes away after ${until}.`]),
  ];
  return sentences.join(' ');
}
