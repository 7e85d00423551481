import { findKeys } from '../access/keys.ts';
import { findTeams } from '../access/teams.ts';
import { findUsers } from '../access/users.ts';
import type { Catalog } from '../catalog/catalog.ts';
import type { Database } from '../db/database.ts';
import type { BudgetStore } from '../ledger/budgets/set.ts';
import { isTaskTag } from '../domain/tag.ts';
import { readPrompts } from '../prompts/rows.ts';
import type { RouteBook } from '../routing/book.ts';

/**
 * Looks for everything that a completion can be about, so that a budget or a limit can be set on it. A user, who asks
 * with a token or a certificate, counts as a key.
 */
export function createSubjectSearch(
  { db, sql }: Pick<Database, 'db' | 'sql'>,
  catalog: Pick<Catalog, 'findModel' | 'findProvider'>,
  routes: Pick<RouteBook, 'find'>,
): BudgetStore['findSubject'] {
  const ofOrganisation = { teamId: undefined };
  return async (who, scope, id) => {
    switch (scope) {
      case 'ORGANISATION':
        return id === who.organisationId ? ofOrganisation : undefined;
      case 'TEAM':
        return (await findTeams(db, who, [id])).map((team) => ({ teamId: team.id }))[0];
      case 'KEY':
        return (
          (await findKeys(db, who, [id]))[0] ?? (await findUsers(db, who, [id])).map(() => ofOrganisation)[0]
        );
      case 'MODEL':
        return catalog.findModel(id) && ofOrganisation;
      case 'PROVIDER':
        return catalog.findProvider(id) && ofOrganisation;
      case 'TAG':
        return /^[^=]+=/.test(id) && !isTaskTag(id.split('=')[0]!) ? ofOrganisation : undefined;
      case 'END_USER':
        return ofOrganisation;
      case 'ROUTE':
        return routes.find(who.organisationId, id) && ofOrganisation;
      case 'PROMPT':
        return (await readPrompts(sql, who.organisationId, { ids: [id] })).map(() => ofOrganisation)[0];
    }
  };
}
