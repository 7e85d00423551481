import { NONE, NOT_FOUND, type Case, type Foreign } from './tenancy-case.ts';

/** Naming the limits, and what a limit is set on, of the other organisation. */
export function listCasesOfLimits({ nodes, teamId, keyId }: Foreign): Record<string, Case> {
  const [limitId] = nodes['Limit'] ?? [];
  const [organisationId] = nodes['Organisation'] ?? [];
  return {
    'Query.limits': {
      query: `query ($team: ID!) {
      all: limits { nodes { id } totalCount }
      team: limits(filter: { scope: [TEAM], unit: [CONCURRENT], subjectId: $team }) { nodes { id } totalCount }
    }`,
      variables: { team: teamId },
      answer: { all: NONE, team: NONE },
    },
    'Mutation.limitDelete': {
      query: 'mutation ($id: ID!) { limitDelete(id: $id) { deletedId errors { code } } }',
      variables: { id: limitId },
      answer: { limitDelete: { deletedId: null, errors: NOT_FOUND } },
    },
    'Mutation.limitSet': {
      query: `mutation ($team: ID!, $key: ID!, $org: ID!) {
      team: limitSet(input: { scope: TEAM, subjectId: $team, unit: CONCURRENT, max: 1 }) { limit { id } errors { code } }
      key: limitSet(input: { scope: KEY, subjectId: $key, unit: CONCURRENT, max: 1 }) { limit { id } errors { code } }
      org: limitSet(input: { scope: ORGANISATION, subjectId: $org, unit: CONCURRENT, max: 1 }) { limit { id } errors { code } }
    }`,
      variables: { team: teamId, key: keyId, org: organisationId },
      answer: {
        team: { limit: null, errors: NOT_FOUND },
        key: { limit: null, errors: NOT_FOUND },
        org: { limit: null, errors: NOT_FOUND },
      },
    },
  };
}
