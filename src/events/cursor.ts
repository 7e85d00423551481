import { InvalidInput } from '../domain/errors.ts';

/** A reader's place in a stream log: how many of its events it has seen. */
export function toCursor(epoch: string, seen: number): string {
  return `${epoch}.${seen}`;
}

/**
 * @param epoch of the log that is to be read.
 * @returns undefined for a cursor of another log.
 * @throws InvalidInput for what is no cursor.
 */
export function fromCursor(cursor: string, epoch: string): number | undefined {
  const [, of, seen] = /^([0-9a-f]{8})\.(\d{1,9})$/.exec(cursor) ?? [];
  if (of !== undefined) return of === epoch ? Number(seen) : undefined;
  const message = `after is ${JSON.stringify(cursor)}, which is no cursor; hand back one that an event carried`;
  throw new InvalidInput([{ path: ['after'], message }]);
}
