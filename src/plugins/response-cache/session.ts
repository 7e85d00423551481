import { hash } from 'node:crypto';
import { serialize } from 'node:v8';
import type { Principal } from '../../domain/principal.ts';

const known = new WeakMap<Principal, string>();

/**
 * Says of everything that makes one asker another: the caller, where it belongs, and each of its rights, also such as
 * are added to `Principal` later, of whatever type. When the credential ends and from where it may be used are left out:
 * that is checked before anything is looked for.
 */
export function sessionOf(who: Principal): string {
  const found = known.get(who);
  if (found !== undefined) return found;
  const { expiresAt: _expiresAt, allowedFrom: _allowedFrom, ...rest } = who;
  const session = hash('sha256', serialize(rest));
  known.set(who, session);
  return session;
}
