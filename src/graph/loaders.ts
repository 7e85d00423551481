import DataLoader from 'dataloader';
import { countKeysOfTeams, findKeys, listKeysOfTeams, type ApiKey } from '../access/keys.ts';
import { findTeams, type Team } from '../access/teams.ts';
import type { Completion } from '../domain/completion.ts';
import type { Principal } from '../domain/principal.ts';
import type { Gateway } from '../gateway.ts';
import { findCompletions, type Page } from '../ledger/completions.ts';
import { findEntries, type LedgerEntry } from '../ledger/entries.ts';

type ById<T> = DataLoader<string, T | null>;

/** One batched read for each kind of row, whatever the number of places that ask. Only what `who` may see is found. */
export interface Loaders {
  completion: ById<Completion>;
  key: ById<ApiKey>;
  team: ById<Team>;
  entry: ById<LedgerEntry>;
  /** The keys of a team, one page of them; the same page of many teams is one read. */
  keysOfTeam(page: Page): DataLoader<string, ApiKey[]>;
  keyCount: DataLoader<string, number>;
}

export function createLoaders(gateway: Gateway, who: Principal): Loaders {
  const { db } = gateway.database;
  const pagesOfKeys = new Map<string, DataLoader<string, ApiKey[]>>();
  return {
    completion: byId((ids) => findCompletions(db, who, ids)),
    key: byId((ids) => findKeys(db, who, ids)),
    team: byId((ids) => findTeams(db, who, ids)),
    entry: byId((ids) => findEntries(db, who, ids)),
    keysOfTeam(page) {
      const name = `${page.first} ${page.after ?? ''}`;
      const known = pagesOfKeys.get(name);
      if (known) return known;
      const loader = new DataLoader<string, ApiKey[]>(async (teamIds) => {
        const keys = Map.groupBy(await listKeysOfTeams(db, who, teamIds, page), (key) => key.teamId);
        return teamIds.map((id) => keys.get(id) ?? []);
      });
      pagesOfKeys.set(name, loader);
      return loader;
    },
    keyCount: new DataLoader(async (teamIds) => {
      const counts = await countKeysOfTeams(db, who, teamIds);
      return teamIds.map((id) => counts.get(id) ?? 0);
    }),
  };
}

function byId<T extends { id: string }>(find: (ids: readonly string[]) => Promise<T[]>): ById<T> {
  return new DataLoader(async (ids) => {
    const found = new Map((await find(ids)).map((row) => [row.id, row]));
    return ids.map((id) => found.get(id) ?? null);
  });
}
