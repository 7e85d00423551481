import { hash, randomUUID } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Principal } from '../domain/principal.ts';
import { atMost } from '../lib/at-most.ts';
import { msUntilStale } from './grants.ts';

/** A change made where no event reaches us is seen after this. */
const TRUST_MS = 5_000;
const MOST = 50_000;
const UNKNOWN = 'unknown';

/** Whom credentials stand for, for a few seconds. */
export interface Memory {
  /**
   * What `read` answers, or answered a moment ago; undefined is remembered too, so that guessing costs the database
   * little.
   * @param credential all of it, and whatever else the answer depends on.
   */
  find(credential: string, read: () => Promise<Principal | undefined>): Promise<Principal | undefined>;
  forget(isMeant: (who: Principal) => boolean): void;
}

export function createMemory(): Memory {
  // By hash, so that no secret stays in memory. This hash never leaves the process, so it can do without HMAC, which
  // costs more than all the rest of the look-up.
  const salt = randomUUID();
  const known = new LRUCache<string, Principal | typeof UNKNOWN>({ ...atMost(MOST), ttl: TRUST_MS });
  let forgotten = 0;
  return {
    async find(credential, read) {
      const digest = hash('sha256', salt + credential);
      const cached = known.get(digest);
      if (cached) return cached === UNKNOWN ? undefined : cached;
      const before = forgotten;
      const found = await read();
      // What was forgotten meanwhile may be what was just read.
      const ttl = found ? msUntilStale(found, TRUST_MS) : TRUST_MS;
      if (before === forgotten) known.set(digest, found ?? UNKNOWN, { ttl });
      return found;
    },
    forget(isMeant) {
      forgotten += 1;
      for (const [digest, who] of known.entries()) {
        if (who !== UNKNOWN && isMeant(who)) known.delete(digest);
      }
    },
  };
}
