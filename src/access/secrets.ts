import { createHmac, randomBytes, randomInt } from 'node:crypto';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const PREFIX = 'sk-sluice-';
/** 43 characters of 62 carry 256 bits. */
const SECRET_CHARS = 43;

/** A new API key. Secret scanners and the vendors' own SDKs know keys by `sk-`. */
export function newSecret(): string {
  return PREFIX + Array.from({ length: SECRET_CHARS }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
}

/** What people recognise a key by: its first and last characters only. */
export function hintOf(secret: string): string {
  const shown = secret.startsWith(PREFIX) ? PREFIX.length + 3 : 3;
  return `${secret.slice(0, shown)}…${secret.slice(-3)}`;
}

/** How a secret is stored. Without the installation's own key the hash is of no use to whoever reads the table. */
export function hashSecret(secret: string, hashingKey: Buffer): string {
  return createHmac('sha256', hashingKey).update(secret).digest('hex');
}

/** A new key for `hashSecret`. */
export function newHashingKey(): string {
  return randomBytes(32).toString('base64url');
}
