import { eq } from 'drizzle-orm';
import type { Db } from '../db/database.ts';
import { apiKeys } from '../db/tables/api-keys.ts';
import { organisations, teams } from '../db/tables/tenancy.ts';
import { newId } from '../lib/ids.ts';
import { hashSecret, hintOf, newSecret } from './secrets.ts';

const DEFAULT_ORGANISATION = 'org_default';
const DEFAULT_TEAM = 'team_default';

/**
 * Makes sure that there is an organisation, a team and an admin key.
 * @param options.adminKey a preset secret for automation; made an admin key if it is none yet.
 * @returns the secret of a key that was made up here, to be shown once; undefined when none was needed.
 */
export async function bootstrap(db: Db, options: { hashingKey: Buffer; adminKey: string | undefined }): Promise<string | undefined> {
  return db.transaction(async (tx) => {
    await tx.insert(organisations).values({ id: DEFAULT_ORGANISATION, name: 'Default' }).onConflictDoNothing();
    await tx
      .insert(teams)
      .values({ id: DEFAULT_TEAM, organisationId: DEFAULT_ORGANISATION, name: 'Default' })
      .onConflictDoNothing();
    // The row lock makes instances that start together take turns, so that only one of them makes the first key.
    await tx.select().from(organisations).where(eq(organisations.id, DEFAULT_ORGANISATION)).for('update');
    const isFirst = (await tx.$count(apiKeys)) === 0;
    if (!isFirst && !options.adminKey) return undefined;
    const secret = options.adminKey ?? newSecret();
    await tx
      .insert(apiKeys)
      .values({
        id: newId('key'),
        organisationId: DEFAULT_ORGANISATION,
        teamId: DEFAULT_TEAM,
        name: options.adminKey ? 'admin (SLUICE_ADMIN_KEY)' : 'admin (first start)',
        hint: hintOf(secret),
        secretHash: hashSecret(secret, options.hashingKey),
        scopes: ['ADMIN'],
        models: [],
      })
      .onConflictDoNothing();
    return options.adminKey ? undefined : secret;
  });
}
