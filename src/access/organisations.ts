import { and, asc, eq, inArray } from 'drizzle-orm';
import type { Db, Sql } from '../db/database.ts';
import { apiKeys } from '../db/tables/api-keys.ts';
import { organisations, teams } from '../db/tables/tenancy.ts';
import { inTransaction } from '../db/transaction.ts';
import type { Principal } from '../domain/principal.ts';
import { appendAudit } from '../events/audit.ts';
import { newId } from '../lib/ids.ts';
import { ensureName } from './check-name.ts';
import { hashSecret, hintOf, newSecret } from './secrets.ts';

/** A tenant. */
export interface Organisation {
  id: string;
  name: string;
  createdAt: Date;
}

/** What a new organisation begins with. The secret is known at this moment only. */
interface Founded {
  organisationId: string;
  teamId: string;
  ownerKey: string;
}

/** Nobody finds an organisation but their own. */
export async function findOrganisations(
  db: Db,
  who: Principal,
  ids: readonly string[],
): Promise<Organisation[]> {
  return db
    .select()
    .from(organisations)
    .where(and(inArray(organisations.id, [...ids]), eq(organisations.id, who.organisationId)));
}

/** All there are, for whoever runs the gateway. */
export async function listOrganisations(db: Db): Promise<Organisation[]> {
  return db.select().from(organisations).orderBy(asc(organisations.createdAt), asc(organisations.id));
}

/**
 * Makes an organisation with a team and the key of its owner: the act of whoever runs the gateway, and of no tenant.
 * @throws InvalidInput for its name.
 */
export async function createOrganisation(
  sql: Sql,
  { hashingKey }: { hashingKey: Buffer },
  given: string,
): Promise<Founded> {
  const name = ensureName(given);
  const [organisationId, teamId] = [newId('org'), newId('team')];
  const ownerKey = newSecret();
  await inTransaction(sql, async (tx) => {
    await tx.db.insert(organisations).values({ id: organisationId, name });
    await tx.db.insert(teams).values({ id: teamId, organisationId, name: 'Default' });
    await insertOwnerKey(tx.db, { organisationId, teamId, name: 'owner', secret: ownerKey, hashingKey });
    await appendAudit(tx.sql, {
      organisationId,
      actorKeyId: 'system',
      action: 'organisation.create',
      targetId: organisationId,
      after: { name },
      requestId: 'command line',
    });
  });
  return { organisationId, teamId, ownerKey };
}

export async function insertOwnerKey(
  db: Db,
  key: { organisationId: string; teamId: string; name: string; secret: string; hashingKey: Buffer },
): Promise<void> {
  const { secret, hashingKey, ...owner } = key;
  await db.insert(apiKeys).values({
    ...owner,
    id: newId('key'),
    hint: hintOf(secret),
    secretHash: hashSecret(secret, hashingKey),
    scopes: ['OWNER'],
    models: [],
  });
}
