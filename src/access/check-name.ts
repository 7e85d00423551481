import { InvalidInput } from '../domain/errors.ts';

const NAME_MAX = 200;

/** @throws InvalidInput for a name that says nothing, or too much. */
export function ensureName(name: string): string {
  if (name.trim() !== '' && name.length <= NAME_MAX) return name.trim();
  throw new InvalidInput([
    { path: ['input', 'name'], message: `input.name must hold 1 to ${NAME_MAX} characters` },
  ]);
}
