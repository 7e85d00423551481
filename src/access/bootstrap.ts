import { eq } from 'drizzle-orm';
import type { Db, Sql } from '../db/database.ts';
import { apiKeys } from '../db/tables/api-keys.ts';
import { settings } from '../db/tables/settings.ts';
import { organisations, teams } from '../db/tables/tenancy.ts';
import { inTransaction } from '../db/transaction.ts';
import { withSecret } from './keys.ts';
import { addOwnerKey } from './organisations.ts';
import { hashSecret, newSecret } from './secrets.ts';

/** The organisation that is there from the first start. */
export const DEFAULT_ORGANISATION = 'org_default';
const DEFAULT_TEAM = 'team_default';
/** In the place of a request in the audit. */
const START = 'start';

/**
 * Makes sure that there is an organisation, a team and an admin key.
 * @param options.adminKey a preset secret for automation; made an admin key unless it was a key before.
 * @returns the secret of a key that was made up here, to be shown once; undefined when none was needed.
 */
export async function bootstrap(
  sql: Sql,
  { hashingKey, adminKey }: { hashingKey: Buffer; adminKey: string | undefined },
): Promise<string | undefined> {
  return inTransaction(sql, async (tx) => {
    const { db } = tx;
    await db
      .insert(organisations)
      .values({ id: DEFAULT_ORGANISATION, name: 'Default' })
      .onConflictDoNothing();
    await db
      .insert(teams)
      .values({ id: DEFAULT_TEAM, organisationId: DEFAULT_ORGANISATION, name: 'Default' })
      .onConflictDoNothing();
    // The row lock makes instances that start together take turns, so that only one of them makes the first key.
    await db.select().from(organisations).where(eq(organisations.id, DEFAULT_ORGANISATION)).for('update');
    const secret = adminKey ?? newSecret();
    const isKnown = adminKey ? await wasPreset(db, hashSecret(secret, hashingKey)) : await hasKeys(db);
    if (isKnown) return undefined;
    const name = adminKey ? 'admin (SLUICE_ADMIN_KEY)' : 'admin (first start)';
    const place = { organisationId: DEFAULT_ORGANISATION, teamId: DEFAULT_TEAM };
    await addOwnerKey(tx, { ...place, name, secret, hashingKey }, START);
    return adminKey ? undefined : secret;
  });
}

async function hasKeys(db: Db): Promise<boolean> {
  return (await db.$count(apiKeys, eq(apiKeys.organisationId, DEFAULT_ORGANISATION))) > 0;
}

/**
 * A preset secret that was revoked or rotated away must not come back with the next start. A key knows only the last
 * secret before its own, so each that was ever preset is remembered, by its hash.
 */
async function wasPreset(db: Db, secretHash: string): Promise<boolean> {
  const fact = { name: `preset_key ${secretHash}`, value: new Date().toISOString() };
  const added = await db.insert(settings).values(fact).onConflictDoNothing().returning();
  return added.length === 0 || (await db.$count(apiKeys, withSecret(secretHash))) > 0;
}
