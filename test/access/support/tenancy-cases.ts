import { expect } from 'vitest';

/** The ids of what another organisation has. */
export interface Foreign {
  /** Completions, one over and one under way. */
  done: string;
  running: string;
  entries: string[];
  teamId: string;
  keyId: string;
}

/** What completions of both organisations have in common. */
export const IN_COMMON = { tags: [{ key: 'of', value: 'both' }], endUserId: 'both', model: 'demo/expensive' };
export const IDEMPOTENCY_KEY = 'shared';

export const CREATE = `mutation ($input: CompletionInput!, $key: String) {
  completionCreate(input: $input, idempotencyKey: $key) { completion { id text } errors { code } }
}`;
const NOT_FOUND = [{ code: 'NOT_FOUND' }];
const EVER = 'range: { from: "2020-01-01T00:00:00Z" }';

/** One way to name what belongs to another organisation. */
export interface Case {
  query: string;
  variables?: Record<string, unknown>;
  /** What an admin of one organisation is answered who names everything of another. */
  answer: unknown;
}

const none = { nodes: [], totalCount: 0 };

/** For each field that an operation can begin with: naming everything of the other organisation in it. */
export function listCases({ done, running, entries, teamId, keyId }: Foreign): Record<string, Case> {
  const ids = [done, running, ...entries, keyId, teamId];
  return {
    'Query._entities': {
      query: 'query ($of: [_Any!]!) { _entities(representations: $of) { __typename } }',
      variables: {
        of: [
          { __typename: 'Completion', id: done },
          { __typename: 'ApiKey', id: keyId },
          { __typename: 'Team', id: teamId },
        ],
      },
      answer: { _entities: [null, null, null] },
    },
    'Query._service': {
      query: '{ _service { sdl } }',
      answer: { _service: { sdl: expect.any(String) } },
    },
    'Query.complete': {
      query: '{ complete(input: { model: "demo/echo", source: { text: "mine" } }) { completion { text } } }',
      answer: { complete: { completion: { text: 'mine' } } },
    },
    'Query.completion': {
      query:
        'query ($done: ID!, $running: ID!) { a: completion(id: $done) { id } b: completion(id: $running) { id } }',
      variables: { done, running },
      answer: { a: null, b: null },
    },
    'Query.completions': {
      query: `query ($team: ID!, $key: ID!) {
      team: completions(filter: { teamId: $team }) { nodes { id } totalCount }
      key: completions(filter: { keyId: $key }) { nodes { id } totalCount }
      running: completions(filter: { status: [RUNNING] }) { nodes { id } totalCount }
      both: completions(filter: {
        tag: { key: "of", value: "both" }, endUserId: { eq: "both" }, model: { contains: "expensive" }, ${EVER}
      }) { nodes { team { name } key { name } text } totalCount }
    }`,
      variables: { team: teamId, key: keyId },
      answer: {
        team: none,
        key: none,
        running: none,
        both: { nodes: [expect.objectContaining({ team: { name: 'Default' } })], totalCount: 1 },
      },
    },
    'Query.ledger': {
      query: `query ($team: ID!, $key: ID!, $done: ID!) {
      team: ledger(filter: { teamId: $team }) { nodes { id } totalCount }
      key: ledger(filter: { keyId: $key }) { nodes { id } totalCount }
      completion: ledger(filter: { completionId: $done }) { nodes { id } totalCount }
      all: ledger(first: 200) { nodes { team { name } key { name } completion { endUserId } note } }
    }`,
      variables: { team: teamId, key: keyId, done },
      answer: { team: none, key: none, completion: none, all: { nodes: expect.any(Array) } },
    },
    'Query.model': {
      query: '{ model(name: "demo/echo") { name } }',
      answer: { model: { name: 'demo/echo' } },
    },
    'Query.models': {
      query: '{ models { nodes { name } } }',
      answer: { models: { nodes: expect.any(Array) } },
    },
    'Query.node': {
      query: `{ ${ids.map((id, at) => `n${at}: node(id: "${id}") { id }`).join(' ')} }`,
      answer: Object.fromEntries(ids.map((_, at) => [`n${at}`, null])),
    },
    'Query.nodes': {
      query: 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }',
      variables: { ids: ids },
      answer: { nodes: ids.map(() => null) },
    },
    'Query.providers': { query: '{ providers { name } }', answer: { providers: expect.any(Array) } },
    'Query.usage': {
      query: `query ($team: ID!, $key: ID!) {
      team: usage(${EVER}, filter: { teamId: $team }) { total { requests cost { amount } } }
      key: usage(${EVER}, filter: { keyId: $key }) { total { requests } series { start } }
      both: usage(${EVER}, filter: { tag: { key: "of", value: "both" } }, groupBy: [TEAM, KEY, TAG, END_USER]) {
        total { requests } groups { key { key value } totals { requests } }
      }
    }`,
      variables: { team: teamId, key: keyId },
      answer: {
        team: { total: { requests: 0, cost: { amount: '0' } } },
        key: { total: { requests: 0 }, series: [] },
        both: { total: { requests: 1 }, groups: [{ key: expect.any(Array), totals: { requests: 1 } }] },
      },
    },
    'Query.viewer': {
      query: '{ viewer { key { name } team { name keys { nodes { name } totalCount } } } }',
      answer: {
        viewer: {
          key: { name: expect.any(String) },
          team: { name: 'Default', keys: { nodes: [{ name: expect.any(String) }], totalCount: 1 } },
        },
      },
    },
    'Mutation.completionCancel': {
      query: 'mutation ($id: ID!) { completionCancel(id: $id) { completion { id } errors { code } } }',
      variables: { id: running },
      answer: { completionCancel: { completion: null, errors: NOT_FOUND } },
    },
    'Mutation.completionCreate': {
      query: CREATE,
      // The other organisation has used this very key, with another input.
      variables: { key: IDEMPOTENCY_KEY, input: { model: 'demo/echo', source: { text: 'mine' } } },
      answer: { completionCreate: { completion: { id: expect.any(String), text: 'mine' }, errors: [] } },
    },
    'Mutation.keyCreate': {
      query: `mutation ($team: ID!) {
      keyCreate(input: { name: "x", scopes: [USAGE_READ], teamId: $team }) { key { id } secret errors { code } }
    }`,
      variables: { team: teamId },
      answer: { keyCreate: { key: null, secret: null, errors: NOT_FOUND } },
    },
    'Mutation.keyRevoke': {
      query: 'mutation ($id: ID!) { keyRevoke(id: $id) { key { id } errors { code } } }',
      variables: { id: keyId },
      answer: { keyRevoke: { key: null, errors: NOT_FOUND } },
    },
    'Mutation.keyRotate': {
      query: 'mutation ($id: ID!) { keyRotate(id: $id) { key { id } secret errors { code } } }',
      variables: { id: keyId },
      answer: { keyRotate: { key: null, secret: null, errors: NOT_FOUND } },
    },
    'Subscription.completionEvents': {
      query: `subscription ($id: ID!) { completionEvents(id: $id) {
      __typename ... on CompletionFailed { errors { code } completion { id } }
    } }`,
      variables: { id: running },
      answer: {
        completionEvents: { __typename: 'CompletionFailed', errors: NOT_FOUND, completion: null },
      },
    },
    'Subscription.completionStream': {
      query: `subscription ($key: String) {
      completionStream(input: { model: "demo/echo", source: { text: "mine" } }, idempotencyKey: $key) {
        __typename ... on CompletionStarted { completion { team { name } } }
      }
    }`,
      variables: { key: IDEMPOTENCY_KEY },
      answer: {
        completionStream: { __typename: 'CompletionStarted', completion: { team: { name: 'Default' } } },
      },
    },
    'Subscription.usageTicks': {
      query: 'subscription { usageTicks(everyMs: 100, groupBy: [TEAM]) { groups { key { value } } } }',
      answer: {
        usageTicks: { groups: [{ key: [{ value: 'team_default' }] }] },
      },
    },
  };
}
