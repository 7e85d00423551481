/** Something in a JSON Schema that has no place in a graph. */
export interface SchemaFault {
  /** Segments of the JSON pointer to it, from the root of the schema: `['properties', 'author', 'type']`. */
  path: string[];
  /** What is wrong with it and what would be right, as the rest of a sentence. */
  message: string;
}

/** Everything for which a schema cannot be mapped, at once. */
export class MappingFaults extends Error {
  override name = 'MappingFaults';
  readonly faults: readonly SchemaFault[];

  constructor(faults: readonly SchemaFault[]) {
    super(faults.map(({ path, message }) => `${path.join('.') || 'the schema'} ${message}`).join('; '));
    this.faults = faults;
  }
}

/** Nobody mends more at once. */
const MAX_FAULTS = 30;

/** Where faults are gathered while a schema is read. */
export interface FaultList {
  /** @throws MappingFaults when there are too many to go on. */
  add(path: readonly string[], message: string): void;
  /** @throws MappingFaults always: what stands here ends the reading. */
  stop(path: readonly string[], message: string): never;
  /** @throws MappingFaults when there are any. */
  settle(): void;
}

export function createFaultList(): FaultList {
  const faults: SchemaFault[] = [];
  return {
    add(path, message) {
      // What is referred to from several places is read from each.
      if (faults.some((fault) => fault.message === message && isSame(fault.path, path))) return;
      faults.push({ path: [...path], message });
      if (faults.length === MAX_FAULTS) throw new MappingFaults(faults);
    },
    stop(path, message) {
      throw new MappingFaults([...faults, { path: [...path], message }]);
    },
    settle() {
      if (faults.length > 0) throw new MappingFaults(faults);
    },
  };
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((segment, index) => segment === other[index]);
}
