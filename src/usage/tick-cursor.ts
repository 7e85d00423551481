import { InvalidInput } from '../domain/errors.ts';
import type { Position } from '../events/outbox.ts';

const CURSOR = /^(\d{1,19})\.(-1|\d{1,18})$/;
const SHOWN_CHARS = 40;

export function toTickCursor({ transaction, seq }: Position): string {
  return `${transaction}.${seq}`;
}

/** @throws InvalidInput for what is no cursor of a tick. */
export function fromTickCursor(cursor: string): Position {
  const [, transaction, seq] = CURSOR.exec(cursor) ?? [];
  if (transaction === undefined || seq === undefined) {
    const shown = JSON.stringify(cursor.slice(0, SHOWN_CHARS));
    throw badCursor(`after is ${shown}, which is no cursor; hand back one that a tick carried`);
  }
  return { transaction, seq: BigInt(seq) };
}

/** What was announced after it is not all known any more. */
export function forgottenCursor(): InvalidInput {
  return badCursor(
    'after is older than what is kept for live usage; ask `usage` for what was missed, and subscribe without it',
  );
}

/** It says that it has seen what did not happen yet. */
export function foreignCursor(): InvalidInput {
  return badCursor('after is a cursor of another database; subscribe without it');
}

export function isAfter(one: Position, other: Position): boolean {
  const [a, b] = [BigInt(one.transaction), BigInt(other.transaction)];
  return a === b ? one.seq > other.seq : a > b;
}

function badCursor(message: string): InvalidInput {
  return new InvalidInput([{ path: ['after'], message }]);
}
