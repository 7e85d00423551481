import { expect } from 'vitest';
import { NONE, NOT_FOUND, type Case, type Foreign } from './tenancy-case.ts';

/** The name of a role of both organisations. */
export const COMMON_ROLE = 'both';
const onlyOurs = { nodes: [{ user: { name: 'Ours' } }], totalCount: 1 };

/** For each field about teams, members, users and roles: naming everything of the other organisation in it. */
export function listCasesOfPeople({ teamId, userId, ourUserId, role, keyId }: Foreign): Record<string, Case> {
  const inTheirs = { user: userId, team: teamId, ours: ourUserId };
  return {
    'Query.members': {
      query: `query ($user: ID!, $team: ID!, $role: String!) {
        all: members { nodes { user { name } } totalCount }
        user: members(filter: { userId: $user }) { nodes { role { name } } totalCount }
        team: members(filter: { teamId: $team }) { nodes { role { name } } totalCount }
        role: members(filter: { role: $role }) { nodes { role { name } } totalCount }
        behind: members(after: "${teamId}.${userId}") { nodes { user { name } } totalCount }
      }`,
      variables: { user: userId, team: teamId, role },
      answer: {
        all: onlyOurs,
        user: NONE,
        team: NONE,
        role: NONE,
        behind: { nodes: expect.any(Array), totalCount: 1 },
      },
    },
    'Query.roles': {
      query: '{ roles { name builtIn } }',
      answer: {
        roles: ['OWNER', 'ADMIN', 'DEVELOPER', 'ANALYST', 'CALLER'].map((name) => ({ name, builtIn: true })),
      },
    },
    'Query.team': {
      query: 'query ($id: ID!) { team(id: $id) { name } }',
      variables: { id: teamId },
      answer: { team: null },
    },
    'Query.teams': {
      query: `{ teams { nodes { name
        keys { nodes { name } totalCount }
        members { nodes { user { name } } totalCount }
      } totalCount } }`,
      answer: {
        teams: {
          nodes: [
            {
              name: 'Default',
              keys: { nodes: [{ name: expect.any(String) }], totalCount: 1 },
              members: onlyOurs,
            },
          ],
          totalCount: 1,
        },
      },
    },
    'Query.users': {
      query: `query ($text: String!) {
        all: users { nodes { name memberships { nodes { team { name } } totalCount } } totalCount }
        email: users(filter: { email: { contains: $text } }) { nodes { name } totalCount }
        name: users(filter: { name: { contains: $text } }) { nodes { name } totalCount }
      }`,
      variables: { text: 'ther' },
      answer: {
        all: {
          nodes: [{ name: 'Ours', memberships: { nodes: [{ team: { name: 'Default' } }], totalCount: 1 } }],
          totalCount: 1,
        },
        email: NONE,
        name: NONE,
      },
    },
    'Mutation.keyUpdate': {
      query:
        'mutation ($id: ID!) { keyUpdate(input: { id: $id, name: "x" }) { key { id } errors { code } } }',
      variables: { id: keyId },
      answer: { keyUpdate: { key: null, errors: NOT_FOUND } },
    },
    'Mutation.memberRemove': {
      query: `mutation ($user: ID!, $team: ID!, $ours: ID!) {
        theirs: memberRemove(input: { userId: $user, teamId: $team }) { member { createdAt } errors { code } }
        user: memberRemove(input: { userId: $user, teamId: "team_default" }) { member { createdAt } errors { code } }
        team: memberRemove(input: { userId: $ours, teamId: $team }) { member { createdAt } errors { code } }
      }`,
      variables: inTheirs,
      answer: {
        theirs: { member: null, errors: NOT_FOUND },
        user: { member: null, errors: NOT_FOUND },
        team: { member: null, errors: NOT_FOUND },
      },
    },
    'Mutation.memberSet': {
      query: `mutation ($user: ID!, $team: ID!, $ours: ID!, $role: String!) {
        theirs: memberSet(input: { userId: $user, teamId: $team, role: "CALLER" }) { errors { code } }
        user: memberSet(input: { userId: $user, teamId: "team_default", role: "CALLER" }) { errors { code } }
        team: memberSet(input: { userId: $ours, teamId: $team, role: "CALLER" }) { errors { code } }
        role: memberSet(input: { userId: $ours, teamId: "team_default", role: $role }) { errors { code path } }
      }`,
      variables: { ...inTheirs, role },
      answer: {
        theirs: { errors: NOT_FOUND },
        user: { errors: NOT_FOUND },
        team: { errors: NOT_FOUND },
        role: { errors: [{ code: 'INVALID_INPUT', path: ['input', 'role'] }] },
      },
    },
    'Mutation.roleDelete': {
      query: 'mutation ($name: String!) { roleDelete(name: $name) { deletedName errors { code } } }',
      variables: { name: role },
      answer: { roleDelete: { deletedName: null, errors: NOT_FOUND } },
    },
    'Mutation.roleSet': {
      // The other organisation has a role of this name, which allows more.
      query: `mutation { roleSet(input: { name: "${COMMON_ROLE}", scopes: [USAGE_READ] }) {
        role { name scopes } errors { code }
      } }`,
      answer: { roleSet: { role: { name: COMMON_ROLE, scopes: ['USAGE_READ'] }, errors: [] } },
    },
    'Mutation.teamCreate': {
      query: 'mutation { teamCreate(input: { name: "x" }) { team { keys { totalCount } } errors { code } } }',
      answer: { teamCreate: { team: { keys: { totalCount: 0 } }, errors: [] } },
    },
    'Mutation.organisationUpdate': {
      query:
        'mutation { organisationUpdate(input: { regions: [] }) { organisation { id } errors { code } } }',
      answer: { organisationUpdate: { organisation: { id: 'org_default' }, errors: [] } },
    },
    'Mutation.teamUpdate': {
      query:
        'mutation ($id: ID!) { teamUpdate(input: { id: $id, regions: [] }) { team { id } errors { code } } }',
      variables: { id: teamId },
      answer: { teamUpdate: { team: null, errors: NOT_FOUND } },
    },
    'Mutation.teamRename': {
      query:
        'mutation ($id: ID!) { teamRename(input: { id: $id, name: "x" }) { team { id } errors { code } } }',
      variables: { id: teamId },
      answer: { teamRename: { team: null, errors: NOT_FOUND } },
    },
    'Mutation.userDisable': {
      query: 'mutation ($id: ID!) { userDisable(id: $id) { user { id } errors { code } } }',
      variables: { id: userId },
      answer: { userDisable: { user: null, errors: NOT_FOUND } },
    },
    'Mutation.userEnable': {
      query: 'mutation ($id: ID!) { userEnable(id: $id) { user { id } errors { code } } }',
      variables: { id: userId },
      answer: { userEnable: { user: null, errors: NOT_FOUND } },
    },
  };
}
