import type { GraphQLFieldConfigArgumentMap } from 'graphql';
import type { PromptVariable } from '../../domain/prompt.ts';
import { fits } from './fits.ts';
import { toValue } from './given.ts';
import { createInputTypes } from './input-types.ts';
import { createFaultList, MappingFaults, type FaultList } from './mapping-faults.ts';
import { toTypeSuffix } from './names.ts';
import { own, quote } from './place.ts';
import { readInput } from './read-input.ts';
import { scalarShape } from './read-scalar.ts';
import { ANYTHING } from './reading.ts';
import type { HouseScalars } from './scalar-types.ts';
import type { SchemaShape, Slot } from './shape.ts';

/** The variables of a prompt as arguments of its field. */
export interface VariablesMapping {
  readonly args: GraphQLFieldConfigArgumentMap;
  /** All names that the types take. */
  readonly typeNames: readonly string[];
  /**
   * The values of the variables, by name, from the arguments that GraphQL took. What was not given is not there.
   * @param args may hold others too.
   */
  toVariables(args: Readonly<Record<string, unknown>>): Record<string, unknown>;
}

/**
 * Maps the variables of a prompt.
 * @param prefix the prompt's: `SummarizeTicket`; an object `ticket` becomes `SummarizeTicketTicketInput`.
 * @throws MappingFaults whose paths begin with the place of the variable: `['0', 'schema', 'properties', …]`.
 */
export function mapVariables(
  variables: readonly PromptVariable[],
  prefix: string,
  scalars: HouseScalars,
): VariablesMapping {
  const faults = createFaultList();
  const owners = new Map<string, string>();
  const mapped = variables.map((variable, index) => {
    const at = [String(index)];
    const { root, named } = readVariable(variable, [...at, 'schema'], faults);
    const types = createInputTypes(prefix + (toTypeSuffix(variable.name) ?? ''), scalars);
    const typeNames = named.map(({ suffix }) => types.nameOf(suffix));
    for (const name of typeNames) {
      const owner = owners.get(name);
      if (owner !== undefined)
        faults.add(at, `is ${quote(variable.name)}, which gives the type ${name}, as ${quote(owner)} does`);
      owners.set(name, variable.name);
    }
    if (variable.default !== undefined && !fits(variable.default, root)) {
      faults.add(
        [...at, 'default'],
        `is ${quote(variable.default)}, which is no ${variable.type} by its schema`,
      );
      return { variable, root, typeNames, types, fallback: undefined };
    }
    return { variable, root, typeNames, types, fallback: variable.default };
  });
  faults.settle();
  return {
    args: Object.fromEntries(
      mapped.map(({ variable, root, types, fallback }) => {
        const { name, required } = variable;
        const wanted = { slot: root, required, fallback, deprecation: undefined };
        return [name, types.fieldOf({ ...wanted, description: describe(variable) })];
      }),
    ),
    typeNames: mapped.flatMap(({ typeNames }) => typeNames),
    toVariables: (args) =>
      Object.fromEntries(
        mapped
          .map(({ variable: { name }, root }) => [name, toValue(own(args, name), root), root] as const)
          .filter(([, value, { nullable }]) => value !== undefined && (value !== null || nullable))
          .map(([name, value]) => [name, value]),
      ),
  };
}

function readVariable(variable: PromptVariable, at: string[], faults: FaultList): SchemaShape {
  const { type, schema } = variable;
  if (schema === undefined || (type !== 'LIST' && type !== 'OBJECT'))
    return { root: plainSlot(type), named: [] };
  try {
    const read = readInput(schema);
    const { shape } = read.root;
    const isRight =
      type === 'LIST' ? shape.kind === 'list' : shape.kind === 'object' || shape.kind === 'union';
    const isFree = shape.kind === 'scalar' && shape.scalar === 'JSON';
    if (!isRight && !isFree)
      faults.add(at, type === 'LIST' ? 'describes no list' : 'describes no object with members');
    return read;
  } catch (error) {
    if (!(error instanceof MappingFaults)) throw error;
    for (const { path, message } of error.faults) faults.add([...at, ...path], message);
    return { root: ANYTHING, named: [] };
  }
}

/** Of a variable without a schema. */
function plainSlot(type: PromptVariable['type']): Slot {
  switch (type) {
    case 'NUMBER':
      return { shape: scalarShape('Float'), nullable: false };
    case 'BOOLEAN':
      return { shape: scalarShape('Boolean'), nullable: false };
    case 'LIST':
      return { shape: { kind: 'list', item: ANYTHING }, nullable: false };
    case 'OBJECT':
      return { shape: scalarShape('JSON'), nullable: false };
    default:
      return { shape: scalarShape('String'), nullable: false };
  }
}

const MAX_EXAMPLE_CHARS = 200;

function describe({ type, description, example }: PromptVariable): string | undefined {
  const shown = example === undefined ? '' : JSON.stringify(example);
  const sentences = [
    description,
    type === 'IMAGE' ? 'An image: a URL that begins with https:// or data:image/.' : undefined,
    shown === '' || shown.length > MAX_EXAMPLE_CHARS ? undefined : `Example: ${shown}`,
  ];
  return sentences.filter((text) => text !== undefined && text !== '').join('\n\n') || undefined;
}
