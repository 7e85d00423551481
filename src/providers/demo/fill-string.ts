import { compileSchema } from '../../lib/json-schema.ts';
import type { FactKind } from './facts.ts';
import type { Place } from './fill-schema.ts';
import type { Schema } from './resolve-schema.ts';
import { summarise } from './summarise.ts';

/** One value of each format that has a form of its own (JSON Schema 2020-12, validation, section 7.3). */
const SAMPLES: Readonly<Record<string, (index: number) => string>> = {
  email: (index) => `demo${index || ''}@example.com`,
  'idn-email': (index) => `demo${index || ''}@example.com`,
  date: (index) => `2025-01-${day(index)}`,
  'date-time': (index) => `2025-01-${day(index)}T00:00:00Z`,
  time: (index) => `00:00:${day(index)}Z`,
  duration: (index) => `P${index + 1}D`,
  uri: (index) => `https://example.com/${index || ''}`,
  'uri-reference': (index) => `/${index || ''}`,
  iri: (index) => `https://example.com/${index || ''}`,
  url: (index) => `https://example.com/${index || ''}`,
  uuid: (index) => `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
  ipv4: (index) => `192.0.2.${index + 1}`,
  ipv6: (index) => `2001:db8::${index + 1}`,
  hostname: (index) => `demo${index || ''}.example.com`,
  'json-pointer': (index) => `/${index}`,
  regex: () => '^demo$',
};

/** Kinds of finds by the format of a property. */
const FORMAT_KINDS: Readonly<Record<string, FactKind>> = {
  email: 'email',
  uri: 'uri',
  url: 'uri',
  date: 'date',
};
/** Kinds of finds by the name of a property that has no format. */
const NAME_KINDS: readonly [RegExp, FactKind][] = [
  [/e-?mail/i, 'email'],
  [/url|link|website/i, 'uri'],
  [/date|day|when|deadline/i, 'date'],
];
/** Made up strings grow no longer than this, whatever a caller's schema asks for. */
const MAX_CHARS = 10_000;
const TOLD = /summary|description|text|content|reason|comment|message|question|query/i;

/** What the text says for the property, shortened or filled up to the length that is asked for. */
export function fillString(schema: Schema, place: Place): string {
  const { format, pattern } = schema;
  const hasForm = typeof format === 'string' && format in SAMPLES;
  const fits = createCheck(hasForm || pattern !== undefined ? schema : undefined);
  const candidates = hasForm ? readFormat(format, place, fits) : readText(place);
  const made = hasForm ? SAMPLES[format]?.(place.index) : `demo${place.index || ''}`;
  const sized = [...candidates, made]
    .filter((text) => text !== undefined)
    .map((text) => toLength(text, schema));
  return sized.find(fits) ?? sized[0] ?? '';
}

function readFormat(
  format: string,
  { facts, key }: Place,
  fits: (text: string) => boolean,
): (string | undefined)[] {
  const kind = FORMAT_KINDS[format];
  return [facts.findLabelled(key), kind && facts.take(kind, fits)].filter(
    (text) => text !== undefined && fits(text),
  );
}

function readText({ facts, key, index }: Place): (string | undefined)[] {
  if (facts.text === '') return [];
  const kind = NAME_KINDS.find(([name]) => name.test(key))?.[1];
  const told = TOLD.test(key) ? summarise(facts.text, 1) : undefined;
  return [
    index === 0 ? facts.findLabelled(key) : undefined,
    kind && facts.take(kind, () => true),
    told,
    facts.take('name', () => true),
    summarise(facts.text, 1) || undefined,
  ];
}

/** Formats and patterns are checked by the validator that will check the answer. */
function createCheck(schema: Schema | undefined): (text: string) => boolean {
  if (!schema) return () => true;
  const { format, pattern } = schema;
  const fault = compileSchema({
    type: 'string',
    ...(format !== undefined && { format }),
    ...(pattern !== undefined && { pattern }),
  });
  return (text) => fault(text) === undefined;
}

/** Lengths count characters, not UTF-16 units (JSON Schema 2020-12, validation, section 6.3). */
function toLength(text: string, { minLength, maxLength, format }: Schema): string {
  const characters = Array.from(text);
  const least = Math.min(Number(minLength ?? 0), MAX_CHARS);
  const most = Number(maxLength ?? Infinity);
  if (characters.length > most) return characters.slice(0, most).join('');
  return format === undefined ? text + 'x'.repeat(Math.max(0, least - characters.length)) : text;
}

function day(index: number): string {
  return String((index % 28) + 1).padStart(2, '0');
}
