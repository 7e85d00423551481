import { eq } from 'drizzle-orm';
import type { Db } from '../db/database.ts';
import { apiKeys } from '../db/tables/api-keys.ts';
import { organisations, teams } from '../db/tables/tenancy.ts';
import { withSecret } from './keys.ts';
import { insertOwnerKey } from './organisations.ts';
import { hashSecret, newSecret } from './secrets.ts';

/** The organisation that is there from the first start. */
export const DEFAULT_ORGANISATION = 'org_default';
const DEFAULT_TEAM = 'team_default';

/**
 * Makes sure that there is an organisation, a team and an admin key.
 * @param options.adminKey a preset secret for automation; made an admin key unless it was a key before.
 * @returns the secret of a key that was made up here, to be shown once; undefined when none was needed.
 */
export async function bootstrap(
  db: Db,
  options: { hashingKey: Buffer; adminKey: string | undefined },
): Promise<string | undefined> {
  return db.transaction(async (tx) => {
    await tx
      .insert(organisations)
      .values({ id: DEFAULT_ORGANISATION, name: 'Default' })
      .onConflictDoNothing();
    await tx
      .insert(teams)
      .values({ id: DEFAULT_TEAM, organisationId: DEFAULT_ORGANISATION, name: 'Default' })
      .onConflictDoNothing();
    // The row lock makes instances that start together take turns, so that only one of them makes the first key.
    await tx.select().from(organisations).where(eq(organisations.id, DEFAULT_ORGANISATION)).for('update');
    const secret = options.adminKey ?? newSecret();
    const secretHash = hashSecret(secret, options.hashingKey);
    // A preset secret that was revoked or rotated away must not come back with the next start.
    const known = options.adminKey
      ? withSecret(secretHash)
      : eq(apiKeys.organisationId, DEFAULT_ORGANISATION);
    if ((await tx.$count(apiKeys, known)) > 0) return undefined;
    await insertOwnerKey(tx, {
      organisationId: DEFAULT_ORGANISATION,
      teamId: DEFAULT_TEAM,
      name: options.adminKey ? 'admin (SLUICE_ADMIN_KEY)' : 'admin (first start)',
      secret,
      hashingKey: options.hashingKey,
    });
    return options.adminKey ? undefined : secret;
  });
}
