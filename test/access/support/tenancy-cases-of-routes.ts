import { NONE, NOT_FOUND, type Case } from './tenancy-case.ts';

/** Both organisations have a route of this name, each its own. */
export const ROUTE = 'shared-route';
/** The other organisation has two versions of one by this name, and nobody else has any. */
export const OTHER_ROUTE = 'other-route';

/** Naming the routes of the other organisation. */
export function listCasesOfRoutes(): Record<string, Case> {
  const refused = { route: null, errors: NOT_FOUND };
  return {
    'Query.explainRoute': {
      query: `{ explainRoute(input: { model: "${OTHER_ROUTE}", source: { text: "mine" } }) { name } }`,
      answer: { explainRoute: null },
    },
    'Query.route': {
      query: `query { route(name: "${OTHER_ROUTE}") { id versions { nodes { number } totalCount } } }`,
      answer: { route: null },
    },
    'Query.routeDiff': {
      query: `query { routeDiff(name: "${OTHER_ROUTE}", from: 1, to: 2) { path before after } }`,
      answer: { routeDiff: null },
    },
    'Query.routes': {
      query: '{ routes { nodes { id } totalCount } }',
      answer: { routes: NONE },
    },
    'Query.simulateRoute': {
      query: `{ simulateRoute(input: {
        draft: { name: "${ROUTE}", strategy: PRIORITY, targets: [{ model: "demo/echo" }] }
        range: { from: "${new Date(Date.now() - 3_600_000).toISOString()}" }
        of: ["${ROUTE}", "${OTHER_ROUTE}", "demo/echo", "demo/assistant"]
      }) { simulation { requests } errors { code } } }`,
      answer: { simulateRoute: { simulation: { requests: 0 }, errors: [] } },
    },
    'Mutation.routeDelete': {
      query: `mutation { routeDelete(name: "${OTHER_ROUTE}") { deletedId errors { code } } }`,
      answer: { routeDelete: { deletedId: null, errors: NOT_FOUND } },
    },
    'Mutation.routeResetLearned': {
      query: `mutation { routeResetLearned(name: "${OTHER_ROUTE}") { route { id } errors { code } } }`,
      answer: { routeResetLearned: refused },
    },
    'Mutation.routeTrialRestart': {
      query: `mutation { routeTrialRestart(name: "${OTHER_ROUTE}") { route { id } errors { code } } }`,
      answer: { routeTrialRestart: refused },
    },
    'Mutation.routeRestore': {
      query: `mutation { routeRestore(name: "${OTHER_ROUTE}", version: 1) { route { id } errors { code } } }`,
      answer: { routeRestore: refused },
    },
    'Mutation.routeSet': {
      // The other organisation has one of this name already.
      query: `mutation {
        routeSet(
          input: { name: "${ROUTE}", strategy: PRIORITY, targets: [{ model: "demo/echo" }] }
          expectedVersion: 0
        ) {
          route { version versions { nodes { number } totalCount } } errors { code }
        }
      }`,
      answer: {
        routeSet: {
          route: { version: 1, versions: { nodes: [{ number: 1 }], totalCount: 1 } },
          errors: [],
        },
      },
    },
    'Mutation.routesApply': {
      query: `mutation { routesApply(input: { routes: [], delete: ["${OTHER_ROUTE}"] }) { edits { name } errors { code } } }`,
      answer: { routesApply: { edits: null, errors: NOT_FOUND } },
    },
  };
}
