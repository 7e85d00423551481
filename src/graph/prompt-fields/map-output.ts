import type { GraphQLOutputType } from 'graphql';
import { createEnumTypes } from './enum-types.ts';
import { createOutputTypes } from './output-types.ts';
import { createPartialReader } from './partial.ts';
import { present } from './present.ts';
import { readSchema } from './read-schema.ts';
import type { HouseScalars } from './scalar-types.ts';

/** What a prompt answers by its output schema, as types of the graph. */
export interface OutputMapping {
  /** Of the whole answer: `SummarizeTicketResult` for an object. It takes null. */
  readonly result: GraphQLOutputType;
  /** Of what has come so far: `SummarizeTicketPartial`. Everything in it takes null. */
  readonly partial: GraphQLOutputType;
  /** All names that the types take. */
  readonly typeNames: readonly string[];
  /**
   * Makes an answer what `result` resolves from.
   * @param value meets the schema. An integer beyond 2^53 - 1 is an error of its field alone.
   */
  toResult(value: unknown): unknown;
  /**
   * Reads what of an answer may be shown already, as what `partial` resolves from: members whose value is complete and
   * meets the schema, texts as they grow, lists with the items so far. Work grows with the length of the text.
   * @param text all that has come, from the beginning; beyond 262,144 characters nothing is read any more.
   * @returns undefined while there is nothing.
   */
  toPartial(text: string): unknown;
}

/**
 * Maps an output schema.
 * @param schema must compile too: what only checks values is not looked at here, but used by `toPartial`.
 * @param prefix the prompt's: `SummarizeTicket`.
 * @throws MappingFaults with everything that has no place in a graph.
 */
export function mapOutput(schema: unknown, prefix: string, scalars: HouseScalars): OutputMapping {
  const { root, named } = readSchema(schema);
  const enumType = createEnumTypes((suffix) => `${prefix}Result${suffix}`);
  const results = createOutputTypes({ enumType, scalars, prefix: `${prefix}Result`, isPartial: false });
  const partials = createOutputTypes({ enumType, scalars, prefix: `${prefix}Partial`, isPartial: true });
  const readPartialValue = createPartialReader(root);
  return {
    result: results.typeOf(root),
    partial: partials.typeOf(root),
    typeNames: named.flatMap(({ kind, suffix }) => [
      `${prefix}Result${suffix}`,
      ...(kind === 'enum' ? [] : [`${prefix}Partial${suffix}`]),
    ]),
    toResult: (value) => present(value, root),
    toPartial(text) {
      const value = readPartialValue(text);
      return value === undefined ? undefined : present(value, root);
    },
  };
}
