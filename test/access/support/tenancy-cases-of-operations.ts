import { NONE, NOT_FOUND, type Case, type Foreign } from './tenancy-case.ts';

/** Both organisations trust it. */
export const OPERATION = 'query Mine { viewer { scopes } }';

export function listCasesOfOperations({ nodes }: Foreign): Record<string, Case> {
  const [operationId] = nodes['Operation'] ?? [];
  return {
    'Query.operations': {
      query: '{ operations(name: { contains: "" }) { nodes { id } totalCount } }',
      answer: { operations: NONE },
    },
    'Mutation.operationRegister': {
      // The other organisation has registered the same text.
      query: `mutation { operationRegister(input: { text: ${JSON.stringify(OPERATION)} }) {
        operation { name policy { models } } errors { code }
      } }`,
      answer: { operationRegister: { operation: { name: 'Mine', policy: { models: [] } }, errors: [] } },
    },
    'Mutation.operationRemove': {
      query: 'mutation ($id: ID!) { operationRemove(id: $id) { removedId errors { code } } }',
      variables: { id: operationId },
      answer: { operationRemove: { removedId: null, errors: NOT_FOUND } },
    },
  };
}
