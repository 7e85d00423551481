import type { TransactionSql } from 'postgres';
import { IdempotencyKeyUsed } from '../domain/errors.ts';

/** The idempotency key of a correction, which belongs to the API key that sends it. */
export interface CorrectionKey {
  keyId: string;
  idempotencyKey: string;
  /** Of the correction that it is sent with. */
  hash: string;
}

/**
 * Takes the key for a correction that is to be booked. Whoever comes second with it waits for the first one's end.
 * @returns the entry that the key stands for already.
 * @throws IdempotencyKeyUsed when that is another correction.
 */
export async function claimCorrectionKey(
  tx: TransactionSql,
  { keyId, idempotencyKey, hash }: CorrectionKey,
): Promise<string | undefined> {
  const claimed = await tx`
    INSERT INTO ledger_correction_keys (key_id, idempotency_key, correction_hash)
    VALUES (${keyId}, ${idempotencyKey}, ${hash}) ON CONFLICT DO NOTHING RETURNING key_id`;
  if (claimed.length > 0) return undefined;
  const [earlier] = await tx<{ correction_hash: string; entry_id: string }[]>`
    SELECT correction_hash, entry_id::text AS entry_id FROM ledger_correction_keys
    WHERE key_id = ${keyId} AND idempotency_key = ${idempotencyKey}`;
  if (earlier?.correction_hash !== hash) throw new IdempotencyKeyUsed();
  return earlier.entry_id;
}

/** From the commit on the key stands for this entry. */
export async function keepCorrectionKey(
  tx: TransactionSql,
  { keyId, idempotencyKey }: CorrectionKey,
  entryId: string,
): Promise<void> {
  await tx`
    UPDATE ledger_correction_keys SET entry_id = ${entryId}::text::bigint
    WHERE key_id = ${keyId} AND idempotency_key = ${idempotencyKey}`;
}
