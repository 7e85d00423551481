import { InvalidInput } from './errors.ts';

/** @throws InvalidInput for a key that could not be sent as an HTTP header either. */
export function ensureIdempotencyKey(key: string): void {
  if (/^[\x20-\x7e]{1,255}$/.test(key)) return;
  const message = 'idempotencyKey must be 1 to 255 printable ASCII characters';
  throw new InvalidInput([{ path: ['idempotencyKey'], message }]);
}
