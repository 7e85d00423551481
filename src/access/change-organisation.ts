import { eq } from 'drizzle-orm';
import type { ISql } from 'postgres';
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

/**
 * Says where the requests of the own organisation may go.
 * @throws InvalidInput for a region that there is none of, and when a team, a key or a route would have nowhere to go.
 */
export async function updateOrganisation(
  store: OrganisationStore,
  who: Principal,
  { regions }: { regions: string[] },
  by: Origin,
): Promise<Organisation> {
  ensureNone(checkRegions(regions, store.listRegions()));
  const { organisationId } = who;
  const organisation = await inTransaction(store.sql, async (tx) => {
    // Whoever changes a team, a key or a route at the same time waits here, so that both see the whole.
    await lockOrganisation(tx.sql, organisationId);
    const where = eq(organisations.id, organisationId);
    const [before] = await tx.db.select().from(organisations).where(where);
    if (!before) throw new NotFound('organisation', organisationId);
    const [after] = await tx.db.update(organisations).set({ regions }).where(where).returning();
    if (regions.length > 0) {
      await ensureSomewhereToGo(tx, organisationId);
      const stranded = await store.listStrandedRoutes(tx.sql, organisationId, regions);
      const path = ['input', 'regions'];
      ensureNone(stranded.map((what) => ({ path, message: `input.regions leaves ${what}` })));
    }
    const change = { before: { regions: before.regions }, after: { regions } };
    await record(tx, who, { action: 'organisation.update', targetId: organisationId, ...change, by });
    return after!;
  });
  await store.onRoleChange(organisationId);
  return organisation;
}

function ensureNone(issues: InvalidInput['issues']): void {
  if (issues.length > 0) throw new InvalidInput(issues);
}
