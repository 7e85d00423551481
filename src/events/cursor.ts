import { InvalidInput } from '../domain/errors.ts';

/** A reader's place in a stream log: how many of its events it has seen. */
export function toCursor(epoch: string, seen: number): string {
  return `${epoch}.${seen}`;
}

const CURSOR = /^([0-9a-f]{8})\.(\d{1,9})$/;
const SHOWN_CHARS = 40;

/** @throws InvalidInput for what is no cursor of any log. */
export function ensureCursor(cursor: string): void {
  if (CURSOR.test(cursor)) return;
  const shown = JSON.stringify(cursor.slice(0, SHOWN_CHARS));
  const message = `after is ${shown}, which is no cursor; hand back one that an event carried`;
  throw new InvalidInput([{ path: ['after'], message }]);
}

/**
 * @param epoch of the log that is to be read.
 * @returns undefined for a cursor of another log.
 * @throws InvalidInput for what is no cursor.
 */
export function fromCursor(cursor: string, epoch: string): number | undefined {
  ensureCursor(cursor);
  const [, of, seen] = CURSOR.exec(cursor) ?? [];
  return of === epoch ? Number(seen) : undefined;
}
