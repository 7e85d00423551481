import { schema } from '../../../src/graph/schema.ts';
import type { Scope } from '../../../src/domain/principal.ts';
import type { Operation } from '../../server/support/client.ts';
import { EVALUATION_FIELDS } from './root-fields-of-evaluations.ts';
import { PROMPT_FIELDS } from './root-fields-of-prompts.ts';

export interface RootField {
  /** Without it the field is refused; undefined for a field that every key may ask for. */
  needs?: Scope;
  query: string;
}

const ASK = '{ model: "demo/echo", source: { text: "hello" } }';
const RANGE = '{ from: "2020-01-01T00:00:00Z" }';
/** Has the form of an id; nothing has it. */
export const NO_COMPLETION = 'cmpl_00000000000000000000000000';
const NO_BUDGET = 'bdg_00000000000000000000000000';
const NO_REQUEST = 'areq_00000000000000000000000000';
const NO_GRANT = 'grant_00000000000000000000000000';
const NO_LIMIT = 'lim_00000000000000000000000000';
const NO_OPERATION = 'op_00000000000000000000000000';
const NO_KEY = 'key_00000000000000000000000000';
const NO_TEAM = 'team_00000000000000000000000000';
const NO_USER = 'user_00000000000000000000000000';

/** Every field that an operation can begin with, the scope it needs, and the shortest way to ask for it. */
export const ROOT_FIELDS: Record<string, RootField> = {
  ...PROMPT_FIELDS,
  ...EVALUATION_FIELDS,
  'Query._entities': { query: '{ _entities(representations: []) { __typename } }' },
  'Query._service': { query: '{ _service { sdl } }' },
  'Query.budget': { query: `{ budget(id: "${NO_BUDGET}") { id } }` },
  'Query.budgets': { query: '{ budgets { totalCount } }' },
  'Query.estimate': { query: `{ estimate(input: ${ASK}) { allowed } }` },
  'Query.tokenEstimate': { query: `{ tokenEstimate(input: ${ASK}) { inputTokens } }` },
  'Query.accessRequests': { query: '{ accessRequests { totalCount } }' },
  'Query.alerts': { query: '{ alerts { totalCount } }' },
  'Query.anomalies': { query: '{ anomalies { totalCount } }' },
  'Query.auditEvents': { needs: 'AUDIT_READ', query: '{ auditEvents { totalCount } }' },
  'Query.complete': {
    needs: 'COMPLETIONS_WRITE',
    query: `{ complete(input: ${ASK}) { errors { code } } }`,
  },
  'Query.completion': { query: `{ completion(id: "${NO_COMPLETION}") { id } }` },
  'Query.completions': { query: '{ completions { totalCount } }' },
  'Query.explainRoute': {
    needs: 'COMPLETIONS_WRITE',
    query: `{ explainRoute(input: ${ASK}) { name } }`,
  },
  'Query.ledger': { needs: 'USAGE_READ', query: '{ ledger { totalCount } }' },
  'Query.limits': { query: '{ limits { totalCount } }' },
  'Query.members': { query: '{ members { totalCount } }' },
  'Query.model': { query: '{ model(name: "demo/echo") { name } }' },
  'Query.modelAliases': { query: '{ modelAliases { totalCount } }' },
  'Query.models': { query: '{ models { totalCount } }' },
  'Query.node': { query: `{ node(id: "${NO_COMPLETION}") { id } }` },
  'Query.nodes': { query: `{ nodes(ids: ["${NO_COMPLETION}"]) { id } }` },
  'Query.operations': { needs: 'OPERATIONS_WRITE', query: '{ operations { totalCount } }' },
  'Query.providers': { query: '{ providers { name } }' },
  'Query.roles': { query: '{ roles { name } }' },
  'Query.route': { query: '{ route(name: "none") { id } }' },
  'Query.routeDiff': {
    needs: 'ROUTES_WRITE',
    query: '{ routeDiff(name: "none", from: 1, to: 2) { path } }',
  },
  'Query.routes': { query: '{ routes { totalCount } }' },
  'Query.simulateRoute': {
    needs: 'ROUTES_WRITE',
    query: `{ simulateRoute(input: {
      draft: { name: "none", strategy: PRIORITY, targets: [{ model: "demo/echo" }] }
      range: { from: "2026-03-01T00:00:00Z", to: "2026-03-02T00:00:00Z" }
    }) { simulation { requests } } }`,
  },
  'Query.team': { query: `{ team(id: "${NO_TEAM}") { id } }` },
  'Query.teams': { query: '{ teams { totalCount } }' },
  'Query.usage': { needs: 'USAGE_READ', query: `{ usage(range: ${RANGE}) { total { requests } } }` },
  'Query.usageExport': { needs: 'USAGE_READ', query: `{ usageExport(range: ${RANGE}, format: CSV) }` },
  'Query.users': { query: '{ users { totalCount } }' },
  'Query.viewer': { query: '{ viewer { scopes } }' },
  'Mutation.accessGrantRevoke': {
    query: `mutation { accessGrantRevoke(id: "${NO_GRANT}") { errors { code } } }`,
  },
  'Mutation.accessRequestCancel': {
    query: `mutation { accessRequestCancel(id: "${NO_REQUEST}") { errors { code } } }`,
  },
  'Mutation.accessRequestCreate': {
    query:
      'mutation { accessRequestCreate(input: { kind: MODEL, targetId: "", reason: "" }) { errors { code } } }',
  },
  'Mutation.accessRequestDecide': {
    needs: 'ACCESS_DECIDE',
    query: `mutation { accessRequestDecide(input: { id: "${NO_REQUEST}", approve: true }) { errors { code } } }`,
  },
  'Mutation.budgetDelete': {
    needs: 'BUDGETS_WRITE',
    query: `mutation { budgetDelete(id: "${NO_BUDGET}") { errors { code } } }`,
  },
  'Mutation.budgetSet': {
    needs: 'BUDGETS_WRITE',
    query: 'mutation { budgetSet(input: { subjectId: "", limit: "0", window: DAY }) { errors { code } } }',
  },
  'Mutation.completionCancel': {
    needs: 'COMPLETIONS_WRITE',
    query: `mutation { completionCancel(id: "${NO_COMPLETION}") { errors { code } } }`,
  },
  'Mutation.completionCreate': {
    needs: 'COMPLETIONS_WRITE',
    query: `mutation { completionCreate(input: ${ASK}) { errors { code } } }`,
  },
  'Mutation.completionRate': {
    needs: 'COMPLETIONS_WRITE',
    query: `mutation { completionRate(input: { id: "${NO_COMPLETION}", score: 1 }) { errors { code } } }`,
  },
  'Mutation.keyCreate': {
    needs: 'KEYS_WRITE',
    query: 'mutation { keyCreate(input: { name: "", scopes: [] }) { errors { code } } }',
  },
  'Mutation.keyRevoke': {
    needs: 'KEYS_WRITE',
    query: `mutation { keyRevoke(id: "${NO_KEY}") { errors { code } } }`,
  },
  'Mutation.keyRotate': {
    needs: 'KEYS_WRITE',
    query: `mutation { keyRotate(id: "${NO_KEY}") { errors { code } } }`,
  },
  'Mutation.keyUpdate': {
    needs: 'KEYS_WRITE',
    query: `mutation { keyUpdate(input: { id: "${NO_KEY}" }) { errors { code } } }`,
  },
  'Mutation.memberRemove': {
    needs: 'ADMIN',
    query: `mutation { memberRemove(input: { userId: "${NO_USER}", teamId: "${NO_TEAM}" }) { errors { code } } }`,
  },
  'Mutation.memberSet': {
    needs: 'ADMIN',
    query: `mutation { memberSet(input: { userId: "${NO_USER}", teamId: "${NO_TEAM}", role: "" }) { errors { code } } }`,
  },
  'Mutation.roleDelete': {
    needs: 'ADMIN',
    query: 'mutation { roleDelete(name: "") { errors { code } } }',
  },
  'Mutation.roleSet': {
    needs: 'ADMIN',
    query: 'mutation { roleSet(input: { name: "", scopes: [] }) { errors { code } } }',
  },
  'Mutation.teamCreate': {
    needs: 'ADMIN',
    query: 'mutation { teamCreate(input: { name: "" }) { errors { code } } }',
  },
  'Mutation.teamRename': {
    needs: 'ADMIN',
    query: `mutation { teamRename(input: { id: "${NO_TEAM}", name: "x" }) { errors { code } } }`,
  },
  'Mutation.teamUpdate': {
    needs: 'ADMIN',
    query: `mutation { teamUpdate(input: { id: "${NO_TEAM}", regions: [] }) { errors { code } } }`,
  },
  'Mutation.userDisable': {
    needs: 'ADMIN',
    query: `mutation { userDisable(id: "${NO_USER}") { errors { code } } }`,
  },
  'Mutation.userEnable': {
    needs: 'ADMIN',
    query: `mutation { userEnable(id: "${NO_USER}") { errors { code } } }`,
  },
  'Subscription.budgetChanged': { query: `subscription { budgetChanged(id: "${NO_BUDGET}") { id } }` },
  'Mutation.ledgerAdjust': {
    needs: 'LEDGER_WRITE',
    query: 'mutation { ledgerAdjust(input: { amount: "0", reason: "" }) { errors { code } } }',
  },
  'Mutation.ledgerCredit': {
    needs: 'LEDGER_WRITE',
    query: 'mutation { ledgerCredit(input: { amount: "0", reason: "" }) { errors { code } } }',
  },
  'Mutation.operationRegister': {
    needs: 'OPERATIONS_WRITE',
    query: 'mutation { operationRegister(input: { text: "" }) { errors { code } } }',
  },
  'Mutation.operationRemove': {
    needs: 'OPERATIONS_WRITE',
    query: `mutation { operationRemove(id: "${NO_OPERATION}") { errors { code } } }`,
  },
  'Mutation.routeDelete': {
    needs: 'ROUTES_WRITE',
    query: 'mutation { routeDelete(name: "none") { errors { code } } }',
  },
  'Mutation.routeResetLearned': {
    needs: 'ROUTES_WRITE',
    query: 'mutation { routeResetLearned(name: "none") { errors { code } } }',
  },
  'Mutation.routeRestore': {
    needs: 'ROUTES_WRITE',
    query: 'mutation { routeRestore(name: "none", version: 1) { errors { code } } }',
  },
  'Mutation.routeSet': {
    needs: 'ROUTES_WRITE',
    query:
      'mutation { routeSet(input: { name: "", strategy: PRIORITY, targets: [] }, expectedVersion: 9) { errors { code } } }',
  },
  'Mutation.routeTrialRestart': {
    needs: 'ROUTES_WRITE',
    query: 'mutation { routeTrialRestart(name: "none") { errors { code } } }',
  },
  'Mutation.routesApply': {
    needs: 'ROUTES_WRITE',
    query: 'mutation { routesApply(input: { routes: [] }) { errors { code } } }',
  },
  'Mutation.limitDelete': {
    needs: 'LIMITS_WRITE',
    query: `mutation { limitDelete(id: "${NO_LIMIT}") { errors { code } } }`,
  },
  'Mutation.limitSet': {
    needs: 'LIMITS_WRITE',
    query: `mutation {
      limitSet(input: { scope: KEY, subjectId: "", unit: CONCURRENT, max: 0 }) { errors { code } }
    }`,
  },
  'Mutation.modelAccessSet': {
    needs: 'ADMIN',
    query: 'mutation { modelAccessSet(input: { name: "", askFirst: true }) { errors { code } } }',
  },
  'Mutation.modelAliasDelete': {
    needs: 'ADMIN',
    query: 'mutation { modelAliasDelete(alias: "") { errors { code } } }',
  },
  'Mutation.modelAliasSet': {
    needs: 'ADMIN',
    query: 'mutation { modelAliasSet(input: { alias: "", model: "" }) { errors { code } } }',
  },
  'Mutation.modelLifecycleSet': {
    needs: 'ADMIN',
    query: 'mutation { modelLifecycleSet(input: { model: "" }) { errors { code } } }',
  },
  'Mutation.modelReplace': {
    needs: 'ADMIN',
    query: 'mutation { modelReplace(input: { from: "", to: "" }) { errors { code } } }',
  },
  'Mutation.organisationUpdate': {
    needs: 'ADMIN',
    query: 'mutation { organisationUpdate(input: { regions: ["nowhere"] }) { errors { code } } }',
  },
  'Mutation.priceSet': {
    needs: 'ADMIN',
    query: 'mutation { priceSet(input: { model: "" }) { errors { code } } }',
  },
  'Subscription.accessRequestChanged': { query: 'subscription { accessRequestChanged { id } }' },
  'Subscription.alertRaised': { query: 'subscription { alertRaised { id } }' },
  'Subscription.completionEvents': {
    query: `subscription { completionEvents(id: "${NO_COMPLETION}") { __typename } }`,
  },
  'Subscription.completionStream': {
    needs: 'COMPLETIONS_WRITE',
    query: `subscription { completionStream(input: ${ASK}) { __typename } }`,
  },
  'Subscription.healthChanged': { query: 'subscription { healthChanged { state } }' },
  'Subscription.usageTicks': { needs: 'USAGE_READ', query: 'subscription { usageTicks { at } }' },
};

/** Those that say nothing until something happens. */
export const SILENT_FIELDS = [
  'Subscription.accessRequestChanged',
  'Subscription.alertRaised',
  'Subscription.healthChanged',
  'Subscription.usageTicks',
];

/** `Query.viewer` and all the others, as the schema has them. */
export function listRootFields(): string[] {
  return [schema.getQueryType(), schema.getMutationType(), schema.getSubscriptionType()]
    .flatMap((type) => Object.keys(type?.getFields() ?? {}).map((field) => `${type?.name}.${field}`))
    .toSorted();
}

export function operationOf({ query }: RootField): Operation {
  return { query };
}
