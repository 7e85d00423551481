import { Forbidden } from '../domain/errors.ts';
import { hasScope, type Principal, type Scope } from '../domain/principal.ts';

/**
 * Who may ask for something: the holders of a scope, or AUTHENTICATED: everybody who is known, and then sees the rows
 * that are visible to them.
 */
export type Rule = Scope | 'AUTHENTICATED';

/**
 * The one table of who may do what: every field that an operation can begin with, every field that needs more than the
 * object it belongs to, and every type of object. What is not in it, nobody may ask for.
 */
export const RULES: Readonly<Record<string, Rule>> = {
  'Query._entities': 'AUTHENTICATED',
  'Query._service': 'AUTHENTICATED',
  'Query.accessRequests': 'AUTHENTICATED',
  'Query.alerts': 'AUTHENTICATED',
  'Query.anomalies': 'AUTHENTICATED',
  'Query.auditEvents': 'AUDIT_READ',
  'Query.budget': 'AUTHENTICATED',
  'Query.budgets': 'AUTHENTICATED',
  'Query.complete': 'COMPLETIONS_WRITE',
  'Query.completion': 'AUTHENTICATED',
  'Query.completions': 'AUTHENTICATED',
  'Query.estimate': 'AUTHENTICATED',
  'Query.explainRoute': 'COMPLETIONS_WRITE',
  'Query.ledger': 'USAGE_READ',
  'Query.members': 'AUTHENTICATED',
  'Query.limits': 'AUTHENTICATED',
  'Query.model': 'AUTHENTICATED',
  'Query.models': 'AUTHENTICATED',
  'Query.node': 'AUTHENTICATED',
  'Query.nodes': 'AUTHENTICATED',
  'Query.operations': 'OPERATIONS_WRITE',
  'Query.providers': 'AUTHENTICATED',
  'Query.roles': 'AUTHENTICATED',
  'Query.route': 'AUTHENTICATED',
  'Query.routeDiff': 'ROUTES_WRITE',
  'Query.routes': 'AUTHENTICATED',
  'Query.team': 'AUTHENTICATED',
  'Query.teams': 'AUTHENTICATED',
  'Query.tokenEstimate': 'AUTHENTICATED',
  'Query.usage': 'USAGE_READ',
  'Query.usageExport': 'USAGE_READ',
  'Query.users': 'AUTHENTICATED',
  'Query.viewer': 'AUTHENTICATED',

  'Mutation.accessGrantRevoke': 'AUTHENTICATED',
  'Mutation.accessRequestCancel': 'AUTHENTICATED',
  'Mutation.accessRequestCreate': 'AUTHENTICATED',
  'Mutation.accessRequestDecide': 'ACCESS_DECIDE',
  'Mutation.budgetDelete': 'BUDGETS_WRITE',
  'Mutation.budgetSet': 'BUDGETS_WRITE',
  'Mutation.completionCancel': 'COMPLETIONS_WRITE',
  'Mutation.completionCreate': 'COMPLETIONS_WRITE',
  'Mutation.keyCreate': 'KEYS_WRITE',
  'Mutation.keyRevoke': 'KEYS_WRITE',
  'Mutation.keyRotate': 'KEYS_WRITE',
  'Mutation.keyUpdate': 'KEYS_WRITE',
  'Mutation.ledgerAdjust': 'LEDGER_WRITE',
  'Mutation.ledgerCredit': 'LEDGER_WRITE',
  'Mutation.memberRemove': 'ADMIN',
  'Mutation.memberSet': 'ADMIN',
  'Mutation.modelAccessSet': 'ADMIN',
  'Mutation.limitDelete': 'LIMITS_WRITE',
  'Mutation.limitSet': 'LIMITS_WRITE',
  'Mutation.operationRegister': 'OPERATIONS_WRITE',
  'Mutation.operationRemove': 'OPERATIONS_WRITE',
  'Mutation.organisationUpdate': 'ADMIN',
  'Mutation.priceSet': 'ADMIN',
  'Mutation.roleDelete': 'ADMIN',
  'Mutation.roleSet': 'ADMIN',
  'Mutation.routeDelete': 'ROUTES_WRITE',
  'Mutation.routeRestore': 'ROUTES_WRITE',
  'Mutation.routeSet': 'ROUTES_WRITE',
  'Mutation.routesApply': 'ROUTES_WRITE',
  'Mutation.teamCreate': 'ADMIN',
  'Mutation.teamRename': 'ADMIN',
  'Mutation.teamUpdate': 'ADMIN',
  'Mutation.userDisable': 'ADMIN',
  'Mutation.userEnable': 'ADMIN',

  'Subscription.accessRequestChanged': 'AUTHENTICATED',
  'Subscription.alertRaised': 'AUTHENTICATED',
  'Subscription.budgetChanged': 'AUTHENTICATED',
  'Subscription.completionEvents': 'AUTHENTICATED',
  'Subscription.completionStream': 'COMPLETIONS_WRITE',
  'Subscription.usageTicks': 'USAGE_READ',

  'Provider.upstreams': 'ADMIN',
  'Route.versions': 'ROUTES_WRITE',

  // Whoever was let see an object sees its fields.
  AccessGrant: 'AUTHENTICATED',
  AccessRequest: 'AUTHENTICATED',
  Anomaly: 'AUTHENTICATED',
  ApiKey: 'AUTHENTICATED',
  Attempt: 'AUTHENTICATED',
  AuditEvent: 'AUDIT_READ',
  Budget: 'AUTHENTICATED',
  BudgetAlert: 'AUTHENTICATED',
  BudgetAmount: 'AUTHENTICATED',
  BudgetForecast: 'AUTHENTICATED',
  Completion: 'AUTHENTICATED',
  CompletionFailed: 'AUTHENTICATED',
  CompletionFailure: 'AUTHENTICATED',
  CompletionFinished: 'AUTHENTICATED',
  CompletionReasoningDelta: 'AUTHENTICATED',
  CompletionReset: 'AUTHENTICATED',
  CompletionStarted: 'AUTHENTICATED',
  CompletionTextDelta: 'AUTHENTICATED',
  CompletionToolCallDelta: 'AUTHENTICATED',
  Estimate: 'AUTHENTICATED',
  Health: 'AUTHENTICATED',
  Latency: 'AUTHENTICATED',
  LedgerEntry: 'AUTHENTICATED',
  Member: 'AUTHENTICATED',
  Limit: 'AUTHENTICATED',
  Model: 'AUTHENTICATED',
  ModelAccess: 'AUTHENTICATED',
  Money: 'AUTHENTICATED',
  Organisation: 'AUTHENTICATED',
  Operation: 'OPERATIONS_WRITE',
  OperationPolicy: 'OPERATIONS_WRITE',
  Price: 'AUTHENTICATED',
  PriceRate: 'AUTHENTICATED',
  Provider: 'AUTHENTICATED',
  ReasoningPart: 'AUTHENTICATED',
  Role: 'AUTHENTICATED',
  Route: 'AUTHENTICATED',
  RouteCandidate: 'AUTHENTICATED',
  RouteChange: 'ROUTES_WRITE',
  RouteDecision: 'AUTHENTICATED',
  RouteEdit: 'ROUTES_WRITE',
  RouteTarget: 'AUTHENTICATED',
  RouteVersion: 'ROUTES_WRITE',
  ScorePart: 'AUTHENTICATED',
  Tag: 'AUTHENTICATED',
  Team: 'AUTHENTICATED',
  TextPart: 'AUTHENTICATED',
  TokenEstimate: 'AUTHENTICATED',
  TokenUsage: 'AUTHENTICATED',
  ToolCall: 'AUTHENTICATED',
  Upstream: 'ADMIN',
  UsageBucket: 'USAGE_READ',
  UsageGroup: 'USAGE_READ',
  UsageReport: 'USAGE_READ',
  UsageTick: 'USAGE_READ',
  UsageTotals: 'USAGE_READ',
  User: 'AUTHENTICATED',
  Viewer: 'AUTHENTICATED',
  WebhookDelivery: 'ADMIN',
  _Service: 'AUTHENTICATED',
};

/** Types that only carry what the field that answered them was asked for. */
const CARRIER = /^PageInfo$|(Connection|Edge|Payload|Error)$/;

/** @returns undefined where nothing is said: then nobody may. */
export function findRule(type: string, field: string): Rule | undefined {
  return RULES[`${type}.${field}`] ?? RULES[type] ?? (CARRIER.test(type) ? 'AUTHENTICATED' : undefined);
}

/** @throws Forbidden, which names the field and the scope that it takes. */
export function ensureAllowed(who: Principal, rule: Rule, what: string): void {
  if (rule === 'AUTHENTICATED' || hasScope(who, rule)) return;
  throw new Forbidden(`${what} needs the scope ${rule}, which you do not have`);
}
