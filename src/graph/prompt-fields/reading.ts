import { createFaultList, type FaultList } from './mapping-faults.ts';
import type { Place } from './place.ts';
import type { EnumShape, ObjectShape, Slot, UnionShape } from './shape.ts';

/** What one schema may ask of the graph. Every organisation's graph is kept in memory. */
export const MAPPING_LIMITS = {
  types: 200,
  members: 2_000,
  enumValues: 500,
  /** Of schemas in schemas, without going through a `$ref`. */
  depth: 16,
  /** Of schemas that only lead to others, by `$ref`, by lists of lists or by unions of unions. */
  chain: 64,
  /** Schemas looked at, those again that are referred to more than once. */
  steps: 20_000,
  descriptionChars: 2_000,
} as const;

/** The reading of one schema. */
export interface Reading {
  readonly root: unknown;
  readonly faults: FaultList;
  readonly named: (EnumShape | ObjectShape | UnionShape)[];
  /** Reads what stands at a place; the same place gives the same shape. */
  read(place: Place): Slot;
  /** Does something once the present shapes are made, so that they may be referred to. */
  later(work: () => void): void;
  /** Gives a shape its name. */
  claim(shape: EnumShape | ObjectShape | UnionShape): void;
  /** @throws MappingFaults when there are more than a graph should hold. */
  countMembers(count: number, path: readonly string[]): void;
  /** @throws MappingFaults when the schema keeps one busy for too long. */
  countSteps(count: number, path: readonly string[]): void;
}

/** @param makeSlot reads a place that has not been read before. */
export function createReading(root: unknown, makeSlot: (reading: Reading, place: Place) => Slot) {
  const faults = createFaultList();
  const slots = new Map<string, Slot | undefined>();
  let readings = 0;
  const paths = new Map<string, readonly string[]>();
  const todo: (() => void)[] = [];
  let members = 0;
  let steps = 0;
  const reading: Reading = {
    root,
    faults,
    named: [],
    read(place) {
      const key = JSON.stringify(place.path);
      const known = slots.get(key);
      if (known) return known;
      if (slots.has(key)) {
        faults.add(place.path, 'leads back to itself with no object in between');
        return ANYTHING;
      }
      if (readings > MAPPING_LIMITS.chain) faults.stop(place.path, AT_THE_END_OF_A_CHAIN);
      slots.set(key, undefined);
      readings += 1;
      const slot = makeSlot(reading, place);
      readings -= 1;
      slots.set(key, slot);
      return slot;
    },
    later: (work) => todo.push(work),
    claim(shape) {
      const other = paths.get(shape.suffix);
      if (other) faults.add(shape.path, `gives a type of the same name as ${nameOf(other)}; rename one`);
      paths.set(shape.suffix, shape.path);
      reading.named.push(shape);
      if (reading.named.length > MAPPING_LIMITS.types)
        faults.stop([], `needs more than ${MAPPING_LIMITS.types} types`);
    },
    countMembers(count, path) {
      members += count;
      if (members > MAPPING_LIMITS.members)
        faults.stop(path, `brings the schema to ${members} members; at most ${MAPPING_LIMITS.members} fit`);
    },
    countSteps(count, path) {
      steps += count;
      if (count > MAPPING_LIMITS.members)
        faults.stop(path, `holds ${count} members; at most ${MAPPING_LIMITS.members} fit`);
      if (steps > MAPPING_LIMITS.steps)
        faults.stop(path, `is where the schema turned out to be too involved: ${steps} steps`);
    },
  };
  /** Until nothing is left for later. */
  const finish = () => {
    for (let work = todo.shift(); work; work = todo.shift()) work();
  };
  return { reading, finish };
}

export const AT_THE_END_OF_A_CHAIN = `is reached through more than ${MAPPING_LIMITS.chain} schemas that only lead on`;

/** What a value without a type is. */
export const ANYTHING: Slot = {
  shape: { kind: 'scalar', scalar: 'JSON', only: undefined, rule: undefined },
  nullable: true,
};

export function nameOf(path: readonly string[]): string {
  return path.join('.') || 'the schema';
}

export function descriptionOf(schema: unknown): string | undefined {
  const text = typeof schema === 'object' && schema !== null ? Reflect.get(schema, 'description') : undefined;
  if (typeof text !== 'string' || text === '') return undefined;
  const { descriptionChars } = MAPPING_LIMITS;
  return text.length > descriptionChars ? `${text.slice(0, descriptionChars)}…` : text;
}
