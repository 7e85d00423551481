import { eq } from 'drizzle-orm';
import { members, users } from '../../../src/db/tables/tenancy.ts';
import { appendEvent } from '../../../src/events/outbox.ts';
import type { TestGateway } from '../../support/gateway.ts';

export const WHO = '{ viewer { scopes organisationId team { id } } }';

type User = typeof users.$inferSelect;

export async function findUser({ gateway }: TestGateway, subject: string): Promise<User | undefined> {
  const [user] = await gateway.database.db.select().from(users).where(eq(users.subject, subject));
  return user;
}

/** Somebody whom the gateway has seen already. */
export async function knownUser(gateway: TestGateway, subject: string): Promise<User> {
  const user = await findUser(gateway, subject);
  if (!user) throw new Error(`no user ${subject}`);
  return user;
}

/** As an admin does it: the row, and the news of it, which reach every instance. */
export async function disable(gateway: TestGateway, subject: string): Promise<void> {
  const { id } = await knownUser(gateway, subject);
  const { db } = gateway.gateway.database;
  await db.update(users).set({ disabledAt: new Date() }).where(eq(users.id, id));
  await tellOf(gateway, id);
}

export async function makeMember(
  gateway: TestGateway,
  subject: string,
  membership: { teamId: string; role: string },
): Promise<void> {
  const { id, organisationId } = await knownUser(gateway, subject);
  await gateway.gateway.database.db.insert(members).values({ organisationId, userId: id, ...membership });
  await tellOf(gateway, id);
}

export async function endMembership(gateway: TestGateway, subject: string): Promise<void> {
  const { id } = await knownUser(gateway, subject);
  await gateway.gateway.database.db.delete(members).where(eq(members.userId, id));
  await tellOf(gateway, id);
}

async function tellOf({ gateway }: TestGateway, subjectId: string): Promise<void> {
  const event = { kind: 'USER_CHANGED', organisationId: 'org_default', subjectId } as const;
  await appendEvent(gateway.database.sql, event);
  gateway.announceCommit();
}
