import type { Place } from './fill-schema.ts';
import type { Schema } from './resolve-schema.ts';

/** A number behind the property's name, the next one of the text that fits, or the smallest that is allowed. */
export function fillNumber(schema: Schema, { facts, key, index }: Place): number {
  const fits = (value: string) => value !== '' && isAllowed(Number(value), schema);
  const labelled = /^-?\d+(\.\d+)?/.exec(facts.findLabelled(key) ?? '')?.[0];
  if (index === 0 && labelled !== undefined && fits(labelled)) return Number(labelled);
  const found = facts.take('number', fits);
  return found === undefined ? smallest(schema, index) : Number(found);
}

function isAllowed(value: number, schema: Schema): boolean {
  const { least, most, above, below } = boundsOf(schema);
  const isWhole = (schema['type'] !== 'integer' && !includesOnlyInteger(schema)) || Number.isInteger(value);
  const isMultiple = Number.isInteger(value / Number(schema['multipleOf'] ?? value));
  return (
    isWhole &&
    (value === 0 || isMultiple) &&
    value >= least &&
    value <= most &&
    value > above &&
    value < below
  );
}

/** The number nearest to the lower bound, or to zero where there is none. */
function smallest(schema: Schema, index: number): number {
  const isInteger = schema['type'] === 'integer' || includesOnlyInteger(schema);
  const { least, most, above, below } = boundsOf(schema);
  const low = Math.max(least, above);
  const high = Math.min(most, below);
  const step = Number(schema['multipleOf'] ?? (isInteger || high - low > 1 ? 1 : (high - low) / 4));
  const from = Number.isFinite(low) ? low : Math.min(0, high);
  const aligned = Number.isFinite(low) ? Math.ceil(from / step) * step : Math.floor(from / step) * step;
  const begin = schema['multipleOf'] === undefined && !isInteger && Number.isFinite(low) ? low : aligned;
  const inside = begin <= above ? begin + step : begin >= below ? begin - step : begin;
  const next = inside + index * step;
  return next <= most && next < below ? next : inside;
}

/** Exclusive bounds that are booleans belong to draft 4, where they only qualify the others. */
function boundsOf(schema: Schema) {
  const bound = (key: string, open: number) => (typeof schema[key] === 'number' ? schema[key] : open);
  return {
    least: bound('minimum', -Infinity),
    most: bound('maximum', Infinity),
    above: bound('exclusiveMinimum', -Infinity),
    below: bound('exclusiveMaximum', Infinity),
  };
}

function includesOnlyInteger({ type }: Schema): boolean {
  return Array.isArray(type) && type.includes('integer') && !type.includes('number');
}
