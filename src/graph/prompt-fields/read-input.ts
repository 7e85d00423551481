import { fits } from './fits.ts';
import { createFaultList } from './mapping-faults.ts';
import { toFieldName } from './names.ts';
import { quote } from './place.ts';
import { readSchema } from './read-schema.ts';
import type { SchemaShape } from './shape.ts';

/**
 * What a JSON Schema makes as an input: as an output, but that defaults count, and options of a union become fields.
 * @throws MappingFaults
 */
export function readInput(schema: unknown): SchemaShape {
  const read = readSchema(schema);
  const faults = createFaultList();
  for (const shape of read.named) {
    if (shape.kind === 'object') {
      for (const { path, fallback, slot } of shape.members)
        if (fallback !== undefined && !fits(fallback, slot))
          faults.add([...path, 'default'], `is ${quote(fallback)}, which does not meet the schema beside it`);
    }
    if (shape.kind !== 'union') continue;
    const fields = new Map<string, string>();
    for (const value of shape.options.keys()) {
      const field = toFieldName(value) ?? '';
      const other = fields.get(field);
      if (other !== undefined)
        faults.add(
          shape.path,
          `has options ${quote(other)} and ${quote(value)}, which give the same field ${field}`,
        );
      fields.set(field, value);
    }
  }
  faults.settle();
  return read;
}
