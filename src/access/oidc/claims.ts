import type { JWTPayload } from 'jose';
import type { ClaimMapping } from '../../config/config.ts';
import { isPlainText } from '../identity.ts';

/** A list of groups can be long; the rest of a longer one is not looked at. */
const VALUES_MAX = 1_000;

/** What a claim means here, in its order; nothing of it where a map does not know it. The default is not among it. */
export function readClaim(claims: JWTPayload, { claim, map }: ClaimMapping): string[] {
  if (claim === undefined) return [];
  const values = [findClaim(claims, claim)].flat().slice(0, VALUES_MAX);
  return values.flatMap((value) => {
    const text = typeof value === 'number' ? String(value) : value;
    if (!isPlainText(text)) return [];
    if (map === undefined) return text;
    const mapped = Object.hasOwn(map, text) ? map[text] : undefined;
    return mapped ?? [];
  });
}

/** By its whole name first: many claims are named by a URL, which has dots of its own. */
function findClaim(claims: JWTPayload, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path];
  let value: unknown = claims;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}
