import DataLoader from 'dataloader';
import { findGrants, findGrantsOfRequests, type AccessGrant } from '../access/grants.ts';
import { countKeysOfTeams, findKeys, listKeysOfTeams, type ApiKey } from '../access/keys.ts';
import { countMembersOf, listMembersOf, type Member, type MemberOwner } from '../access/members.ts';
import { findOperations, type RegisteredOperation } from '../access/operations/read.ts';
import { findOrganisations, type Organisation } from '../access/organisations.ts';
import { findAccessRequests, type AccessRequest } from '../access/requests/read.ts';
import { listRoles, type Role } from '../access/roles.ts';
import { findTeams, type Team } from '../access/teams.ts';
import { findUsers, type User } from '../access/users.ts';
import type { Db } from '../db/database.ts';
import type { Principal } from '../domain/principal.ts';
import type { Page } from '../ledger/completions.ts';
import { byId, countOf, pagesOf, type ById } from './batches.ts';

/** Reads of who may do what. */
export interface AccessLoaders {
  key: ById<ApiKey>;
  team: ById<Team>;
  organisation: ById<Organisation>;
  user: ById<User>;
  /** By its name. */
  role: DataLoader<string, Role | null>;
  operation: ById<RegisteredOperation>;
  accessRequest: ById<AccessRequest>;
  accessGrant: ById<AccessGrant>;
  /** By the request that it came of. */
  grantOfRequest: ById<AccessGrant>;
  /** The keys of a team, one page of them; the same page of many teams is one read. */
  keysOfTeam(page: Page): DataLoader<string, ApiKey[]>;
  keyCount: DataLoader<string, number>;
  /** The members of a team or the memberships of a user, in the same way. */
  membersOf(owner: MemberOwner, page: Page): DataLoader<string, Member[]>;
  memberCount: Record<MemberOwner, DataLoader<string, number>>;
}

export function createAccessLoaders(db: Db, who: Principal): AccessLoaders {
  return {
    key: byId((ids) => findKeys(db, who, ids)),
    team: byId((ids) => findTeams(db, who, ids)),
    organisation: byId((ids) => findOrganisations(db, who, ids)),
    user: byId((ids) => findUsers(db, who, ids)),
    role: new DataLoader(async (names) => {
      const roles = await listRoles(db, who);
      return names.map((name) => roles.find((role) => role.name === name) ?? null);
    }),
    operation: byId((ids) => findOperations(db, who, ids)),
    accessRequest: byId((ids) => findAccessRequests(db, who, ids)),
    accessGrant: byId((ids) => findGrants(db, who, ids)),
    grantOfRequest: new DataLoader(async (requestIds) => {
      const grants = await findGrantsOfRequests(db, who, requestIds);
      const found = new Map(grants.map((grant) => [grant.requestId, grant]));
      return requestIds.map((id) => found.get(id) ?? null);
    }),
    keysOfTeam: pagesOf(
      (teamIds, page) => listKeysOfTeams(db, who, teamIds, page),
      ({ teamId }) => teamId,
    ),
    keyCount: countOf((teamIds) => countKeysOfTeams(db, who, teamIds)),
    ...createMemberLoaders(db, who),
  };
}

function createMemberLoaders(db: Db, who: Principal): Pick<AccessLoaders, 'membersOf' | 'memberCount'> {
  const membersOf = (owner: MemberOwner) =>
    pagesOf(
      (ids, page) => listMembersOf(db, who, owner, ids, page),
      (member) => member[owner],
    );
  const members = { teamId: membersOf('teamId'), userId: membersOf('userId') };
  return {
    membersOf: (owner, page) => members[owner](page),
    memberCount: {
      teamId: countOf((ids) => countMembersOf(db, who, 'teamId', ids)),
      userId: countOf((ids) => countMembersOf(db, who, 'userId', ids)),
    },
  };
}
