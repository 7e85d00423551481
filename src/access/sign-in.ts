import { and, eq } from 'drizzle-orm';
import type { Db } from '../db/database.ts';
import { members, organisations, teams, users } from '../db/tables/tenancy.ts';
import { Forbidden, Unauthenticated } from '../domain/errors.ts';
import { hasScope, SCOPES, type Principal, type Scope } from '../domain/principal.ts';
import { allowedByAll, toRule } from '../domain/regions.ts';
import { newId } from '../lib/ids.ts';
import type { Identity } from './identity.ts';
import { listRoleScopes } from './role-scopes.ts';

const SHOWN_CHARS = 100;

type User = typeof users.$inferSelect;
type Membership = Pick<typeof members.$inferSelect, 'teamId' | 'role'>;

/**
 * Who an identity is here. Whoever comes for the first time becomes a user, and is one also when they may do nothing
 * yet: so an admin finds them and can make them a member of a team.
 * @param wantedTeam the one of their teams that they want to act in; empty: the first.
 * @throws Unauthenticated for a user that is disabled; Forbidden for one without an organisation, a team or a role,
 * and for a team that they are not in.
 */
export async function signIn(db: Db, identity: Identity, wantedTeam: string): Promise<Principal> {
  const user = await findOrAddUser(db, identity);
  if (user.disabledAt) throw new Unauthenticated('this user is disabled');
  const memberships = await listMemberships(db, user);
  const teamId = chooseTeam(identity, memberships, wantedTeam);
  const scopes = await findScopes(db, identity, memberships, teamId);
  const settings = await readSettings(db, user.organisationId, teamId);
  return {
    keyId: user.id,
    organisationId: user.organisationId,
    teamId,
    scopes: new Set(scopes),
    models: [],
    ...settings,
    keyRegions: [],
    expiresAt: identity.expiresAt,
    allowedFrom: undefined,
    endUserId: identity.endUserId,
    tags: [],
  };
}

async function findOrAddUser(db: Db, identity: Identity): Promise<User> {
  const user = (await findUser(db, identity)) ?? (await addUser(db, identity));
  // What a token does not tell stays as another one told it.
  const told = { name: identity.name ?? user.name, email: identity.email ?? user.email };
  if (told.name !== user.name || told.email !== user.email)
    await db.update(users).set(told).where(eq(users.id, user.id));
  return user;
}

async function findUser(db: Db, { organisationId, issuer, subject }: Identity): Promise<User | undefined> {
  const [user] = await db
    .select()
    .from(users)
    .where(
      and(eq(users.organisationId, organisationId), eq(users.issuer, issuer), eq(users.subject, subject)),
    );
  return user;
}

async function addUser(db: Db, identity: Identity): Promise<User> {
  const { organisationId, issuer, subject, name, email } = identity;
  const [organisation] = await db.select().from(organisations).where(eq(organisations.id, organisationId));
  if (!organisation) throw new Forbidden(`there is no organisation ${JSON.stringify(organisationId)}`);
  const user = { id: newId('user'), organisationId, issuer, subject, name, email };
  const [added] = await db.insert(users).values(user).onConflictDoNothing().returning();
  // Or another request has added them in the same moment.
  return added ?? (await findUser(db, identity))!;
}

/** In the order in which they were made. */
async function listMemberships(db: Db, { id, organisationId }: User): Promise<Membership[]> {
  return db
    .select({ teamId: members.teamId, role: members.role })
    .from(members)
    .where(and(eq(members.userId, id), eq(members.organisationId, organisationId)))
    .orderBy(members.createdAt, members.teamId);
}

function chooseTeam(
  { teamId, defaults }: Identity,
  memberships: readonly Membership[],
  wanted: string,
): string {
  const own = [...(teamId === undefined ? [] : [teamId]), ...memberships.map((each) => each.teamId)];
  if (own.length === 0 && defaults.teamId !== undefined) own.push(defaults.teamId);
  const chosen = wanted === '' ? own[0] : wanted;
  if (chosen === undefined)
    throw new Forbidden('you are in no team yet; an admin can make you a member of one');
  if (!own.includes(chosen))
    throw new Forbidden(
      `x-sluice-team is ${JSON.stringify(chosen.slice(0, SHOWN_CHARS))}; your teams are ${own.join(', ')}`,
    );
  return chosen;
}

/**
 * What the issuer says of roles holds in the team that it names, or in all when it names none; elsewhere, and where it
 * says nothing, that which the user is in the team.
 */
async function findScopes(
  db: Db,
  { organisationId, teamId: namedTeam, roles, defaults }: Identity,
  memberships: readonly Membership[],
  teamId: string,
): Promise<readonly Scope[]> {
  const role = memberships.find((each) => each.teamId === teamId)?.role ?? defaults.role;
  const holds = roles.length > 0 && (namedTeam === undefined || namedTeam === teamId);
  const names = holds ? roles : role === undefined ? [] : [role];
  const known = await listRoleScopes(db, organisationId, names);
  const mightiest = known.toSorted((one, other) => mightOf(other) - mightOf(one))[0];
  if (!mightiest) throw new Forbidden('you have no role here that is known; an admin can give you one');
  return mightiest;
}

function mightOf(scopes: readonly Scope[]): number {
  const held = { scopes: new Set(scopes) };
  return SCOPES.filter((scope) => hasScope(held, scope)).length;
}

/**
 * Where requests out of a team may go, and what is kept of them.
 * @throws Forbidden when there is no such team.
 */
export async function readSettings(
  db: Db,
  organisationId: string,
  teamId: string,
): Promise<Pick<Principal, 'regions' | 'recordsPrompts'>> {
  const [found] = await db
    .select({
      ofTeam: teams.regions,
      ofOrganisation: organisations.regions,
      recordDays: organisations.recordPromptsDays,
    })
    .from(teams)
    .innerJoin(organisations, eq(organisations.id, teams.organisationId))
    .where(and(eq(teams.id, teamId), eq(teams.organisationId, organisationId)));
  if (!found) throw new Forbidden(`there is no team ${JSON.stringify(teamId)} in your organisation`);
  const { ofTeam, ofOrganisation, recordDays } = found;
  return {
    regions: allowedByAll(toRule(ofOrganisation), toRule(ofTeam)),
    recordsPrompts: recordDays !== null,
  };
}
