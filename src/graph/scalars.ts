import { GraphQLScalarType } from 'graphql';
import { GraphQLDateTimeISO, GraphQLJSON, GraphQLSafeInt } from 'graphql-scalars';
import { isTooDeep, MAX_JSON_LEVELS } from '../lib/json-depth.ts';
import { formatNanos, parseDecimal } from '../lib/money.ts';
import { builder } from './builder.ts';
import { keepWhole } from './inputs.ts';

builder.addScalarType('DateTime', withRule(GraphQLDateTimeISO, findDateFault), {
  description: 'An instant in ISO 8601, always UTC: "2026-11-23T12:00:00.000Z".',
});
builder.addScalarType('JSON', serializedBy(withRule(GraphQLJSON, findJsonFault, keepWhole), toWhole), {
  description:
    'Any JSON value. Only for data whose shape is the caller’s own: schemas, tool arguments, structured output.',
});
builder.addScalarType('SafeInt', GraphQLSafeInt, {
  description: 'An integer up to 2^53 - 1 as a JSON number: sums of tokens pass the 32 bits of Int.',
});
builder.scalarType('Decimal', {
  description: 'An exact decimal as a string, for instance "0.000412". Never a Float.',
  serialize: (nanos) => formatNanos(nanos),
  parseValue: (value) => {
    const billionths = typeof value === 'string' ? parseDecimal(value) : undefined;
    if (billionths !== undefined) return billionths;
    throw new TypeError(
      `${JSON.stringify(value)} is no Decimal: write a string such as "0.25", with at most 15 digits before the point and 9 after it`,
    );
  },
});
builder.scalarType('Cursor', {
  description: 'An opaque place in a stream or a list. Compare it with nothing, only hand it back.',
  serialize: (cursor) => cursor,
  parseValue: (value) => {
    if (typeof value !== 'string')
      throw new TypeError(`${JSON.stringify(value)} is no Cursor: hand back one that you were given`);
    return value;
  },
});

/** A scalar that takes less than the one it is made of. */
function withRule(
  scalar: GraphQLScalarType,
  findFault: (value: unknown) => string | undefined,
  take: (value: unknown) => unknown = (value) => value,
): GraphQLScalarType {
  const check = (value: unknown) => {
    const fault = findFault(value);
    if (fault !== undefined) throw new TypeError(fault);
    return take(value);
  };
  return new GraphQLScalarType({
    ...scalar.toConfig(),
    parseValue: (value) => check(scalar.parseValue(value)),
    parseLiteral: (node, variables) => check(scalar.parseLiteral(node, variables)),
  });
}

function serializedBy(scalar: GraphQLScalarType, serialize: (value: unknown) => unknown): GraphQLScalarType {
  return new GraphQLScalarType({ ...scalar.toConfig(), serialize });
}

/**
 * JSON of somebody else's shape as one piece. The response cache walks through every plain object of an answer, and
 * twice through each list, so a model's answer of nested lists would keep it busy for ever.
 */
class WholeJson {
  readonly #value: object;
  constructor(value: object) {
    this.#value = value;
  }
  toJSON(): object {
    return this.#value;
  }
}

function toWhole(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? new WholeJson(value) : value;
}

/** The database knows no year 0, and after 9999 the text of a date has another form. */
function findDateFault(value: unknown): string | undefined {
  const year = value instanceof Date ? value.getUTCFullYear() : 1;
  return year >= 1 && year <= 9999 ? undefined : `the year is ${year}; it must be from 1 to 9999`;
}

function findJsonFault(value: unknown): string | undefined {
  return isTooDeep(value) ? `the value is nested deeper than ${MAX_JSON_LEVELS} levels` : undefined;
}
