import { expect } from 'vitest';
import { listEntityTypes } from './schema-walk.ts';
import { NONE, NOT_FOUND, type Case, type Foreign } from './tenancy-case.ts';
import { listCasesOfAccess } from './tenancy-cases-of-access.ts';
import { listCasesOfEvaluations } from './tenancy-cases-of-evaluations.ts';
import { listCasesOfLimits } from './tenancy-cases-of-limits.ts';
import { listCasesOfOperations } from './tenancy-cases-of-operations.ts';
import { listCasesOfPeople } from './tenancy-cases-of-people.ts';
import { listCasesOfModels } from './tenancy-cases-of-models.ts';
import { listCasesOfPrompts, OTHER_PROMPT } from './tenancy-cases-of-prompts.ts';
import { listCasesOfRoutes } from './tenancy-cases-of-routes.ts';
import { listCasesOfUsage } from './tenancy-cases-of-usage.ts';

/** Types whose objects are everybody's. */
export const SHARED_TYPES = ['Model', 'Provider'];

/** What completions of both organisations have in common. */
export const IN_COMMON = { tags: [{ key: 'of', value: 'both' }], endUserId: 'both', model: 'demo/expensive' };
export const IDEMPOTENCY_KEY = 'shared';

export const CREATE = `mutation ($input: CompletionInput!, $key: String) {
  completionCreate(input: $input, idempotencyKey: $key) { completion { id text } errors { code } }
}`;
const EVER = 'range: { from: "2020-01-01T00:00:00Z" }';

/** For each field that an operation can begin with: naming everything of the other organisation in it. */
export function listCases(foreign: Foreign): Record<string, Case> {
  const { nodes, done, running, teamId, keyId, budgetId } = foreign;
  const ids = Object.values(nodes).flat();
  const entities = listEntityTypes().flatMap((__typename) =>
    (nodes[__typename] ?? []).map((id) => ({ __typename, id })),
  );
  return {
    ...listCasesOfLimits(foreign),
    ...listCasesOfOperations(foreign),
    ...listCasesOfModels(),
    ...listCasesOfRoutes(),
    ...listCasesOfPrompts(foreign),
    ...listCasesOfAccess(foreign),
    ...listCasesOfPeople(foreign),
    ...listCasesOfUsage(foreign),
    ...listCasesOfEvaluations(foreign),
    'Query._entities': {
      query: 'query ($of: [_Any!]!) { _entities(representations: $of) { __typename } }',
      variables: { of: entities },
      answer: { _entities: entities.map(() => null) },
    },
    'Query._service': {
      query: '{ _service { sdl } }',
      answer: { _service: { sdl: expect.any(String) } },
    },
    'Query.budget': {
      query: 'query ($id: ID!) { budget(id: $id) { id } }',
      variables: { id: budgetId },
      answer: { budget: null },
    },
    'Query.budgets': {
      query: `query ($team: ID!) {
      all: budgets { nodes { id } totalCount }
      team: budgets(filter: { scope: [TEAM], subjectId: $team }) { nodes { id } totalCount }
    }`,
      variables: { team: teamId },
      answer: { all: NONE, team: NONE },
    },
    'Query.estimate': {
      query: `{ estimate(input: { model: "demo/echo", source: { text: "mine" }, endUserId: "both" }) {
      allowed refusals { message }
    } }`,
      answer: { estimate: { allowed: true, refusals: [] } },
    },
    'Query.tokenEstimate': {
      query: '{ tokenEstimate(input: { model: "demo/echo", source: { text: "mine" } }) { inputTokens } }',
      answer: { tokenEstimate: { inputTokens: 1 } },
    },
    'Query.alerts': {
      query: '{ alerts { nodes { id } totalCount } }',
      answer: { alerts: NONE },
    },
    'Query.anomalies': {
      query: '{ anomalies { nodes { id } totalCount } }',
      answer: { anomalies: NONE },
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
      prompt: completions(filter: { prompt: "${OTHER_PROMPT}" }) { nodes { id } totalCount }
      running: completions(filter: { status: [RUNNING], origin: [CALLER, SHADOW, PROBE] }) { nodes { id } totalCount }
      both: completions(filter: {
        tag: { key: "of", value: "both" }, endUserId: { eq: "both" }, model: { contains: "expensive" },
        minCost: "0", ${EVER}
      }) { nodes { team { name } key { name } text } totalCount }
    }`,
      variables: { team: teamId, key: keyId },
      answer: {
        team: NONE,
        key: NONE,
        prompt: NONE,
        running: NONE,
        both: { nodes: [expect.objectContaining({ team: { name: 'Default' } })], totalCount: 1 },
      },
    },
    'Query.ledger': {
      query: `query ($team: ID!, $key: ID!, $done: ID!) {
      team: ledger(filter: { teamId: $team }) { nodes { id } totalCount }
      key: ledger(filter: { keyId: $key }) { nodes { id } totalCount }
      completion: ledger(filter: {
        completionId: $done, kind: [RESERVE, SETTLE, RELEASE], origin: [CALLER, SHADOW, PROBE], ${EVER}
      }) { nodes { id } totalCount }
      all: ledger(first: 200) { nodes { team { name } key { name } completion { endUserId } note } }
    }`,
      variables: { team: teamId, key: keyId, done },
      answer: { team: NONE, key: NONE, completion: NONE, all: { nodes: expect.any(Array) } },
    },
    'Query.model': {
      // The other organisation pays a price of its own for it.
      query: '{ model(name: "demo/slow") { name price { source } priceHistory { source } } }',
      answer: { model: { name: 'demo/slow', price: { source: 'demo' }, priceHistory: [] } },
    },
    'Query.models': {
      query: `{ models(filter: { name: { eq: "demo/slow" }, provider: { eq: "demo" }, capabilities: [TEXT], callable: true }) {
        nodes { name price { source } } totalCount
      } }`,
      answer: { models: { nodes: [{ name: 'demo/slow', price: { source: 'demo' } }], totalCount: 1 } },
    },
    'Query.node': {
      query: `{ ${Object.entries(nodes)
        .map(([type, [id]]) => `${type}: node(id: "${id}") { id }`)
        .join(' ')} }`,
      answer: Object.fromEntries(Object.keys(nodes).map((type) => [type, null])),
    },
    'Query.nodes': {
      query: 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }',
      variables: { ids: ids },
      answer: { nodes: ids.map(() => null) },
    },
    'Query.providers': { query: '{ providers { name } }', answer: { providers: expect.any(Array) } },
    'Query.viewer': {
      query: `{ viewer {
        key { name } user { name } organisation { name } team { name keys { nodes { name } totalCount } }
      } }`,
      answer: {
        viewer: {
          key: { name: expect.any(String) },
          user: null,
          organisation: { name: 'Default' },
          team: { name: 'Default', keys: { nodes: [{ name: expect.any(String) }], totalCount: 1 } },
        },
      },
    },
    'Mutation.budgetDelete': {
      query: 'mutation ($id: ID!) { budgetDelete(id: $id) { deletedId errors { code } } }',
      variables: { id: budgetId },
      answer: { budgetDelete: { deletedId: null, errors: NOT_FOUND } },
    },
    'Mutation.budgetSet': {
      query: `mutation ($team: ID!) {
      budgetSet(input: { subjectId: $team, limit: "1", window: TOTAL }) { budget { id } errors { code } }
    }`,
      variables: { team: teamId },
      answer: { budgetSet: { budget: null, errors: NOT_FOUND } },
    },
    'Mutation.completionCancel': {
      query: 'mutation ($id: ID!) { completionCancel(id: $id) { completion { id } errors { code } } }',
      variables: { id: running },
      answer: { completionCancel: { completion: null, errors: NOT_FOUND } },
    },
    'Mutation.completionRate': {
      query: `mutation ($done: ID!, $running: ID!) {
        done: completionRate(input: { id: $done, score: 0 }) { completion { id } errors { code } }
        running: completionRate(input: { id: $running, score: 0 }) { completion { id } errors { code } }
      }`,
      variables: { done, running },
      answer: {
        done: { completion: null, errors: NOT_FOUND },
        running: { completion: null, errors: NOT_FOUND },
      },
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
    'Subscription.budgetChanged': {
      query: 'subscription ($id: ID!) { budgetChanged(id: $id) { id } }',
      variables: { id: budgetId },
      answer: { budgetChanged: null },
    },
    'Mutation.ledgerAdjust': correctionOf('ledgerAdjust', foreign),
    'Mutation.ledgerCredit': correctionOf('ledgerCredit', foreign),
    'Mutation.priceSet': {
      // The other organisation has set a price for this model, which is not the one before this.
      query: `mutation { priceSet(input: { model: "demo/slow", rates: [] }) {
        price { source rates { unit } } errors { code }
      } }`,
      answer: { priceSet: { price: { source: 'organisation', rates: [] }, errors: [] } },
    },
    'Subscription.alertRaised': {
      query: 'subscription { alertRaised { message } }',
      answer: { alertRaised: { message: expect.any(String) } },
    },
    'Subscription.healthChanged': {
      // Models are everybody's, and so is how they are doing.
      query: 'subscription { healthChanged(models: ["demo/slow"]) { model { name } } }',
      answer: { healthChanged: { model: { name: 'demo/slow' } } },
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
  };
}

function correctionOf(mutation: string, { done, teamId, keyId }: Foreign): Case {
  const refused = { entry: null, errors: NOT_FOUND };
  return {
    query: `mutation ($done: ID!, $team: ID!, $key: ID!) {
      completion: ${mutation}(input: { completionId: $done, amount: "1", reason: "x" }) { entry { id } errors { code } }
      team: ${mutation}(input: { teamId: $team, amount: "1", reason: "x" }) { entry { id } errors { code } }
      key: ${mutation}(input: { teamId: "team_default", keyId: $key, amount: "1", reason: "x" }) {
        entry { id } errors { code }
      }
    }`,
    variables: { done, team: teamId, key: keyId },
    answer: { completion: refused, team: refused, key: refused },
  };
}
