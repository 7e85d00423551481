import { members, users } from '../../../src/db/tables/tenancy.ts';
import { newId } from '../../../src/lib/ids.ts';
import type { TestGateway } from '../../support/gateway.ts';

/** A user as a sign-in makes one. */
export async function addUser(
  { gateway }: TestGateway,
  name: string,
  organisationId = 'org_default',
): Promise<string> {
  const id = newId('user');
  const email = `${id}@${name.toLowerCase()}.example`;
  await gateway.database.db
    .insert(users)
    .values({ id, organisationId, name, email, issuer: `https://${name}.example`, subject: `${name} ${id}` });
  return id;
}

/** As a sign-in puts a user into a team, whoever may do so in the graph. */
export async function addMember(
  { gateway }: TestGateway,
  member: { userId: string; role: string; teamId?: string; organisationId?: string },
): Promise<void> {
  await gateway.database.db
    .insert(members)
    .values({ teamId: 'team_default', organisationId: 'org_default', ...member });
}
