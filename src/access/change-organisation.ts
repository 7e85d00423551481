import { eq } from 'drizzle-orm';
import type { ISql } from 'postgres';
import { promptRecordings } from '../db/tables/evaluations.ts';
import { organisations } from '../db/tables/tenancy.ts';
import { inTransaction } from '../db/transaction.ts';
import { InvalidInput, NotFound } from '../domain/errors.ts';
import type { Origin } from '../domain/origin.ts';
import type { Principal } from '../domain/principal.ts';
import type { Organisation } from './organisations.ts';
import { lockOrganisation } from './owners.ts';
import { record } from './record.ts';
import { checkRegions, ensureSomewhereToGo } from './regions.ts';
import type { TenantStore } from './store.ts';

/** What changing an organisation needs. */
export interface OrganisationStore extends Pick<TenantStore, 'sql' | 'listRegions' | 'onRoleChange'> {
  /** The routes that would have no target where requests may go to these regions only, each with the reasons. */
  listStrandedRoutes(sql: ISql, organisationId: string, regions: readonly string[]): Promise<string[]>;
}

export const RECORD_DAYS_MAX = 365;

/** What stays undefined stays as it is. */
export interface OrganisationChanges {
  regions?: string[] | undefined;
  /** 0: nothing is kept any more of what prompts are given, and what was is forgotten. */
  recordPromptsDays?: number | undefined;
}

/**
 * Says where the requests of the own organisation may go, and what is kept of them.
 * @throws InvalidInput for a region that there is none of, when a team, a key or a route would have nowhere to go, and for
 * a number of days out of bounds.
 */
export async function updateOrganisation(
  store: OrganisationStore,
  who: Principal,
  { regions, recordPromptsDays: days }: OrganisationChanges,
  by: Origin,
): Promise<Organisation> {
  ensureNone([...checkRegions(regions ?? [], store.listRegions()), ...checkDays(days)]);
  const { organisationId } = who;
  const organisation = await inTransaction(store.sql, async (tx) => {
    // Whoever changes a team, a key or a route at the same time waits here, so that both see the whole.
    await lockOrganisation(tx.sql, organisationId);
    const where = eq(organisations.id, organisationId);
    const [before] = await tx.db.select().from(organisations).where(where);
    if (!before) throw new NotFound('organisation', organisationId);
    const changes = {
      ...(regions && { regions }),
      ...(days !== undefined && { recordPromptsDays: days || null }),
    };
    if (Object.keys(changes).length === 0) return before;
    const [after] = await tx.db.update(organisations).set(changes).where(where).returning();
    if (days === 0)
      await tx.db.delete(promptRecordings).where(eq(promptRecordings.organisationId, organisationId));
    if (regions && regions.length > 0) {
      await ensureSomewhereToGo(tx, organisationId);
      const stranded = await store.listStrandedRoutes(tx.sql, organisationId, regions);
      const path = ['input', 'regions'];
      ensureNone(stranded.map((what) => ({ path, message: `input.regions leaves ${what}` })));
    }
    const change = { before: pick(before, changes), after: changes };
    await record(tx, who, { action: 'organisation.update', targetId: organisationId, ...change, by });
    return after!;
  });
  await store.onRoleChange(organisationId);
  return organisation;
}

/** What those settings were that change. */
function pick(before: Organisation, changes: object) {
  const { regions, recordPromptsDays } = before;
  return Object.fromEntries(
    Object.entries({ regions, recordPromptsDays }).filter(([name]) => name in changes),
  );
}

function checkDays(days: number | undefined): InvalidInput['issues'] {
  if (days === undefined || (days >= 0 && days <= RECORD_DAYS_MAX)) return [];
  const path = ['input', 'recordPromptsDays'];
  return [{ path, message: `${path.join('.')} is ${days}; it must be 0 to ${RECORD_DAYS_MAX}` }];
}

function ensureNone(issues: InvalidInput['issues']): void {
  if (issues.length > 0) throw new InvalidInput(issues);
}
