import { Forbidden } from '../domain/errors.ts';
import { hasScope, withoutGrants, type Principal, type Scope } from '../domain/principal.ts';

/** What somebody is given with a key or a role: nobody gives what they do not have themselves. */
interface Rights {
  scopes: readonly Scope[];
  /** Empty: every model. */
  models: readonly string[];
  /** Of a key, beside what its team and organisation say; empty: all. */
  regions: readonly string[];
  /** Empty: from everywhere. */
  allowedIps: readonly string[];
  /** Null: for good. */
  expiresAt: Date | null;
}

/**
 * What keeps `holder` from giving these rights, by the field that says too much. What they were granted for a time is not
 * theirs to give: what is given with it would outlast it.
 */
export function findBeyond(holder: Principal, rights: Partial<Rights>): [field: keyof Rights, why: string][] {
  const who = withoutGrants(holder);
  const { scopes = [], models, regions, allowedIps, expiresAt } = rights;
  const beyond: [keyof Rights, string][] = [];
  const missing = scopes.filter((scope) => !hasScope(who, scope));
  if (missing.length > 0)
    beyond.push(['scopes', `hold ${missing.join(', ')}, which you do not have yourself`]);
  if (scopes.includes('COMPLETIONS_WRITE') && isForOneEndUser(who))
    beyond.push(['scopes', `hold COMPLETIONS_WRITE, which you have for one end user only: ${who.endUserId}`]);
  if (models && goesBeyond(who.models, models))
    beyond.push(['models', `must be among your own: ${who.models.join(', ')}`]);
  if (regions && goesBeyond(who.keyRegions, regions))
    beyond.push(['regions', `must be among your own: ${who.keyRegions.join(', ')}`]);
  if (allowedIps && goesBeyondAddresses(who, allowedIps))
    beyond.push(['allowedIps', `must be within your own: ${who.allowedFrom?.entries.join(', ')}`]);
  if (expiresAt !== undefined && outlives(who, expiresAt))
    beyond.push(['expiresAt', `must not be later than your own: ${who.expiresAt?.toISOString()}`]);
  return beyond;
}

/**
 * @param what of whom the rights are or are to be, for the message.
 * @throws Forbidden for whoever does not have all of them.
 */
export function ensureMayGive(who: Principal, rights: Partial<Rights>, what: string): void {
  const [found] = findBeyond(who, rights);
  if (found) throw new Forbidden(`${what}: ${found.join(' ')}`);
}

/** An empty list is all there is. */
function goesBeyond(own: readonly string[], given: readonly string[]): boolean {
  if (own.length === 0) return false;
  return given.length === 0 || given.some((name) => !own.includes(name));
}

/** From where the keys of the organisation work is for its admins to say, from wherever they do. */
function goesBeyondAddresses(who: Principal, ips: readonly string[]): boolean {
  const { allowedFrom } = who;
  if (!allowedFrom || hasScope(who, 'ADMIN')) return false;
  return ips.length === 0 || ips.some((ip) => !allowedFrom.covers(ip));
}

/** A key asks for every end user. */
function isForOneEndUser(who: Principal): boolean {
  return who.endUserId !== undefined && !hasScope(who, 'ADMIN');
}

/** Nor is a key of theirs bound to its own end, and a token says nothing of how long its user is one. */
function outlives(who: Principal, expiresAt: Date | null): boolean {
  if (!who.expiresAt || !who.keyId.startsWith('key_') || hasScope(who, 'ADMIN')) return false;
  return expiresAt === null || expiresAt > who.expiresAt;
}
