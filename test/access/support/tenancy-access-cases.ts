import { expect } from 'vitest';
import { NONE, NOT_FOUND, type Case } from './tenancy-case.ts';

/** Of requests for access, grants, and models to be asked for first. */
export function listAccessCases({
  requestId,
  grantId,
  budgetId,
}: {
  requestId: string;
  grantId: string;
  budgetId: string;
}): Record<string, Case> {
  return {
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
