import { apiKeys } from '../../../src/db/tables/api-keys.ts';
import { organisations, teams } from '../../../src/db/tables/tenancy.ts';
import { hashSecret, hintOf, newSecret } from '../../../src/access/secrets.ts';
import type { Scope } from '../../../src/domain/principal.ts';
import { newId } from '../../../src/lib/ids.ts';
import type { TestGateway } from '../../support/gateway.ts';
import type { MadeKey } from './keys.ts';

/** The gateway of a file that uses this runs with it as its SLUICE_SECRET. */
export const HASHING_SECRET = 'Vq7tR2mX9cLz4wKp8nJd3sGb6hYf1uEo';

export interface Tenant {
  organisationId: string;
  teamId: string;
  admin: MadeKey;
}

/** A second organisation, which no field of the graph can make: with a team and an admin key. */
export async function addOrganisation(gateway: TestGateway, name: string): Promise<Tenant> {
  const { db } = gateway.gateway.database;
  const organisationId = newId('org');
  await db.insert(organisations).values({ id: organisationId, name });
  const teamId = await addTeam(gateway, organisationId, name);
  return {
    organisationId,
    teamId,
    admin: await addKey(gateway, { organisationId, teamId, name }, ['ADMIN']),
  };
}

export async function addTeam(gateway: TestGateway, organisationId: string, name: string): Promise<string> {
  const id = newId('team');
  await gateway.gateway.database.db.insert(teams).values({ id, organisationId, name });
  return id;
}

export async function addKey(
  gateway: TestGateway,
  owner: { organisationId: string; teamId: string; name: string },
  scopes: Scope[],
): Promise<MadeKey> {
  const secret = newSecret();
  const id = newId('key');
  const secretHash = hashSecret(secret, Buffer.from(HASHING_SECRET));
  await gateway.gateway.database.db
    .insert(apiKeys)
    .values({ ...owner, id, hint: hintOf(secret), secretHash, scopes, models: [] });
  return { id, secret };
}
