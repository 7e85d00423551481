import { and, inArray, isNull } from 'drizzle-orm';
import type { Db } from '../db/database.ts';
import { apiKeys } from '../db/tables/api-keys.ts';
import { users } from '../db/tables/tenancy.ts';
import type { Principal } from '../domain/principal.ts';

const IDS_AT_ONCE = 1_000;

/** Whoever must hear that a principal may not be what it was, such as an open subscription. */
export interface Watchers {
  /** Returns how to stop. The callback must not throw. */
  watch(who: Principal, onChange: () => void): () => void;
  tell(isMeant: (who: Principal) => boolean): void;
  /** Ids of the watched keys and users that are revoked or disabled by now; one read for a thousand of them. */
  listFallen(): Promise<string[]>;
}

export function createWatchers(db: Db): Watchers {
  const watching = new Set<{ who: Principal; onChange: () => void }>();

  async function listStanding(ids: string[]): Promise<string[]> {
    const [keys, people] = await Promise.all([
      db
        .select({ id: apiKeys.id })
        .from(apiKeys)
        .where(and(inArray(apiKeys.id, ids), isNull(apiKeys.revokedAt))),
      db
        .select({ id: users.id })
        .from(users)
        .where(and(inArray(users.id, ids), isNull(users.disabledAt))),
    ]);
    return [...keys, ...people].map(({ id }) => id);
  }

  return {
    watch(who, onChange) {
      const watcher = { who, onChange };
      watching.add(watcher);
      return () => void watching.delete(watcher);
    },
    tell(isMeant) {
      for (const { who, onChange } of watching) if (isMeant(who)) onChange();
    },
    async listFallen() {
      const fallen = new Set([...watching].map(({ who }) => who.keyId));
      const ids = [...fallen];
      for (let start = 0; start < ids.length; start += IDS_AT_ONCE) {
        const standing = await listStanding(ids.slice(start, start + IDS_AT_ONCE));
        for (const id of standing) fallen.delete(id);
      }
      return [...fallen];
    },
  };
}
