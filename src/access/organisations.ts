import { and, asc, eq, inArray } from 'drizzle-orm';
import type { Db, Sql } from '../db/database.ts';
import { apiKeys } from '../db/tables/api-keys.ts';
import { organisations, teams } from '../db/tables/tenancy.ts';
import { inTransaction, type Transaction } from '../db/transaction.ts';
import { NotFound } from '../domain/errors.ts';
import type { Principal } from '../domain/principal.ts';
import { appendAudit, SYSTEM } from '../events/audit.ts';
import { newId } from '../lib/ids.ts';
import { ensureName } from './check-name.ts';
import { hashSecret, hintOf, newSecret } from './secrets.ts';

/** A tenant. */
export interface Organisation {
  id: string;
  name: string;
  createdAt: Date;
}

/** An organisation that has just got the key of an owner. The secret is known at this moment only. */
export interface Founded {
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
export async function createOrganisation(sql: Sql, hashingKey: Buffer, given: string): Promise<Founded> {
  const name = ensureName(given);
  const [organisationId, teamId] = [newId('org'), newId('team')];
  const ownerKey = await inTransaction(sql, async (tx) => {
    await tx.db.insert(organisations).values({ id: organisationId, name });
    await tx.db.insert(teams).values({ id: teamId, organisationId, name: 'Default' });
    await recordOperator(tx, organisationId, 'organisation.create', organisationId, { name });
    return addOwnerKey(tx, hashingKey, { organisationId, teamId });
  });
  return { organisationId, teamId, ownerKey };
}

/**
 * Makes another owner's key in the oldest team of an organisation, for one that has lost its own.
 * @throws NotFound
 */
export async function createOwnerKey(sql: Sql, hashingKey: Buffer, organisationId: string): Promise<Founded> {
  return inTransaction(sql, async (tx) => {
    const [team] = await tx.db
      .select({ id: teams.id })
      .from(teams)
      .where(eq(teams.organisationId, organisationId))
      .orderBy(asc(teams.createdAt), asc(teams.id))
      .limit(1);
    if (!team) throw new NotFound('organisation', organisationId);
    const ownerKey = await addOwnerKey(tx, hashingKey, { organisationId, teamId: team.id });
    return { organisationId, teamId: team.id, ownerKey };
  });
}

/** @returns its secret. */
async function addOwnerKey(
  tx: Transaction,
  hashingKey: Buffer,
  { organisationId, teamId }: { organisationId: string; teamId: string },
): Promise<string> {
  const secret = newSecret();
  const name = 'owner (command line)';
  const id = await insertOwnerKey(tx.db, { organisationId, teamId, name, secret, hashingKey });
  await recordOperator(tx, organisationId, 'key.create', id, { teamId, name, scopes: ['OWNER'] });
  return secret;
}

/** What is done on the command line is done by nobody of the organisation. */
async function recordOperator(
  { sql }: Transaction,
  organisationId: string,
  action: string,
  targetId: string,
  after: Record<string, unknown>,
): Promise<void> {
  const by = { actorId: SYSTEM, requestId: 'command line' };
  await appendAudit(sql, { ...by, organisationId, action, targetId, after });
}

/** @returns its id. */
export async function insertOwnerKey(
  db: Db,
  key: { organisationId: string; teamId: string; name: string; secret: string; hashingKey: Buffer },
): Promise<string> {
  const { secret, hashingKey, ...owner } = key;
  const id = newId('key');
  await db.insert(apiKeys).values({
    ...owner,
    id,
    hint: hintOf(secret),
    secretHash: hashSecret(secret, hashingKey),
    scopes: ['OWNER'],
    models: [],
  });
  return id;
}
