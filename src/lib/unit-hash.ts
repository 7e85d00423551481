import { hash } from 'node:crypto';

const BYTES = 6;

/** A number from 0 to 1, without 1, that is always the same for the same text and evenly spread over different ones. */
export function toUnit(text: string): number {
  return hash('sha256', text, 'buffer').readUIntBE(0, BYTES) / 2 ** (8 * BYTES);
}
