import { readInstant } from './instant.ts';
import type { Slot } from './shape.ts';

/** Makes a JSON value what its type resolves from. Objects stay as they are: their fields look into them. */
export function present(value: unknown, { shape }: Slot): unknown {
  if (shape.kind === 'list')
    return Array.isArray(value) ? value.map((item) => present(item, shape.item)) : value;
  if (shape.kind === 'scalar' && shape.scalar === 'DateTime' && typeof value === 'string')
    return readInstant(value) ?? value;
  return value;
}
