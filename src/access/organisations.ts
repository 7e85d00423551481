import { and, asc, eq, inArray } from 'drizzle-orm';
import type { Db, Sql } from '../db/database.ts';
import { apiKeys } from '../db/tables/api-keys.ts';
import { organisations, teams } from '../db/tables/tenancy.ts';
import { inTransaction, type Transaction } from '../db/transaction.ts';
import { NotFound } from '../domain/errors.ts';
import type { Principal, Scope } from '../domain/principal.ts';
import { appendAudit, SYSTEM, type AuditRecord } from '../events/audit.ts';
import { newId } from '../lib/ids.ts';
import { ensureName } from './check-name.ts';
import { hashSecret, hintOf, newSecret } from './secrets.ts';

/** What is in the place of a request in the audit. */
const COMMAND_LINE = 'command line';

/** A tenant. */
export interface Organisation {
  id: string;
  name: string;
  /** Where its requests may go; empty: anywhere. */
  regions: string[];
  /** For how many days is kept what prompts are given; null: nothing of it is. */
  recordPromptsDays: number | null;
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
    await recordOperator(tx, {
      organisationId,
      action: 'organisation.create',
      targetId: organisationId,
      after: { name },
      requestId: COMMAND_LINE,
    });
    return addNewOwnerKey(tx, hashingKey, { organisationId, teamId });
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
    const ownerKey = await addNewOwnerKey(tx, hashingKey, { organisationId, teamId: team.id });
    return { organisationId, teamId: team.id, ownerKey };
  });
}

/** @returns its secret. */
async function addNewOwnerKey(
  tx: Transaction,
  hashingKey: Buffer,
  { organisationId, teamId }: { organisationId: string; teamId: string },
): Promise<string> {
  const secret = newSecret();
  const key = { organisationId, teamId, name: 'owner (command line)', secret, hashingKey };
  await addOwnerKey(tx, key, COMMAND_LINE);
  return secret;
}

/**
 * Makes the key of an owner and tells the audit.
 * @param requestId how it came to that, since no request did.
 */
export async function addOwnerKey(
  tx: Transaction,
  key: { organisationId: string; teamId: string; name: string; secret: string; hashingKey: Buffer },
  requestId: string,
): Promise<void> {
  const { secret, hashingKey, ...owner } = key;
  const { organisationId, teamId, name } = owner;
  const scopes: Scope[] = ['OWNER'];
  const id = newId('key');
  const kept = { hint: hintOf(secret), secretHash: hashSecret(secret, hashingKey) };
  await tx.db.insert(apiKeys).values({ ...owner, ...kept, id, scopes, models: [] });
  const after = { teamId, name, scopes };
  await recordOperator(tx, { organisationId, action: 'key.create', targetId: id, after, requestId });
}

/** What whoever runs the gateway does is done by nobody of the organisation. */
async function recordOperator({ sql }: Transaction, act: Omit<AuditRecord, 'actorId'>): Promise<void> {
  await appendAudit(sql, { ...act, actorId: SYSTEM });
}
