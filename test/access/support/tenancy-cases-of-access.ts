import { expect } from 'vitest';
import { NONE, NOT_FOUND, type Case, type Foreign } from './tenancy-case.ts';

const EVER = 'range: { from: "2020-01-01T00:00:00Z" }';

/** Of requests for access, grants, models to be asked for first, and the audit of it all. */
export function listCasesOfAccess(foreign: Foreign): Record<string, Case> {
  const { requestId, grantId, budgetId } = foreign;
  return {
    'Query.auditEvents': auditOf(foreign),
    'Query.accessRequests': {
      query: `{
      all: accessRequests { nodes { id } totalCount }
      pending: accessRequests(status: PENDING) { nodes { id } totalCount }
    }`,
      answer: { all: NONE, pending: NONE },
    },
    'Mutation.accessGrantRevoke': {
      query: 'mutation ($id: ID!) { accessGrantRevoke(id: $id) { accessGrant { id } errors { code } } }',
      variables: { id: grantId },
      answer: { accessGrantRevoke: { accessGrant: null, errors: NOT_FOUND } },
    },
    'Mutation.accessRequestCancel': {
      query: 'mutation ($id: ID!) { accessRequestCancel(id: $id) { accessRequest { id } errors { code } } }',
      variables: { id: requestId },
      answer: { accessRequestCancel: { accessRequest: null, errors: NOT_FOUND } },
    },
    'Mutation.accessRequestCreate': {
      query: `mutation ($id: ID!) {
        accessRequestCreate(input: { kind: BUDGET_INCREASE, targetId: $id, amount: "1", reason: "x" }) {
          accessRequest { id } errors { code }
        }
      }`,
      variables: { id: budgetId },
      answer: { accessRequestCreate: { accessRequest: null, errors: NOT_FOUND } },
    },
    'Mutation.accessRequestDecide': {
      query: `mutation ($id: ID!) {
        accessRequestDecide(input: { id: $id, approve: true }) { accessRequest { id } errors { code } }
      }`,
      variables: { id: requestId },
      answer: { accessRequestDecide: { accessRequest: null, errors: NOT_FOUND } },
    },
    'Mutation.modelAccessSet': {
      // The other organisation wants to be asked first for it.
      query: `mutation { modelAccessSet(input: { name: "demo/slow", askFirst: false }) {
        model { access { allowed } } errors { code }
      } }`,
      answer: { modelAccessSet: { model: { access: { allowed: true } }, errors: [] } },
    },
    'Subscription.accessRequestChanged': {
      query: 'subscription { accessRequestChanged { reason } }',
      answer: { accessRequestChanged: { reason: expect.any(String) } },
    },
  };
}

function auditOf({ keyId, nodes, auditedRequests }: Foreign): Case {
  return {
    query: `query ($key: String!, $targets: [String!], $requests: [String!]) {
      all: auditEvents(first: 200) { nodes { actor targetId before after } totalCount }
      key: auditEvents(filter: { actor: { eq: $key }, action: { contains: "." }, ${EVER} }) { nodes { id } totalCount }
      target: auditEvents(filter: { target: { in: $targets } }) { nodes { id } totalCount }
      request: auditEvents(filter: { requestId: { in: $requests } }) { nodes { id } totalCount }
    }`,
    variables: { key: keyId, targets: Object.values(nodes).flat(), requests: auditedRequests },
    answer: {
      // What those who ask have changed is theirs.
      all: { nodes: expect.any(Array), totalCount: expect.any(Number) },
      key: NONE,
      target: NONE,
      request: NONE,
    },
  };
}
