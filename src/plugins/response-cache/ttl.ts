import type { GraphQLSchema } from 'graphql';
import { isCompositeType } from 'graphql';
import { MAX_AGE_SECONDS } from '../../domain/cache-wish.ts';

/** The catalogue stands in memory, so this is short: it covers what nobody tells, such as a local server that starts. */
const CATALOGUE_MS = 5_000;

/**
 * How long the answer of a root field may be given again to the same principal, in milliseconds. Each has its line; 0:
 * never. An operation is kept for the shortest time of its fields.
 */
export const ROOT_TTLS: Readonly<Record<string, number>> = {
  'Query.__schema': 0,
  'Query.__type': 0,
  'Query._entities': 0,
  'Query._service': 0,
  'Query.accessRequests': 0,
  // Only prompts whose version says so, and for as long as it says.
  'Query.ai': MAX_AGE_SECONDS * 1_000,
  'Query.alerts': 0,
  'Query.anomalies': 0,
  'Query.auditEvents': 0,
  'Query.budget': 0,
  'Query.budgets': 0,
  // Only where the caller wishes it, and for as long as it wishes.
  'Query.complete': MAX_AGE_SECONDS * 1_000,
  'Query.completion': 0,
  'Query.completions': 0,
  'Query.dataset': 0,
  'Query.datasets': 0,
  'Query.estimate': 0,
  'Query.evaluation': 0,
  'Query.evaluationCompare': 0,
  'Query.evaluations': 0,
  'Query.explainRoute': 0,
  'Query.ledger': 0,
  'Query.limits': 0,
  'Query.members': 0,
  'Query.model': CATALOGUE_MS,
  'Query.modelAliases': 0,
  'Query.models': CATALOGUE_MS,
  'Query.node': 0,
  'Query.nodes': 0,
  'Query.operations': 0,
  'Query.prompt': 0,
  'Query.promptDiff': 0,
  'Query.promptFolders': 0,
  'Query.promptLabelRequests': 0,
  'Query.promptPartials': 0,
  'Query.promptProtectedLabels': 0,
  'Query.promptRender': 0,
  'Query.promptCheck': 0,
  'Query.promptLabelRequirements': 0,
  'Query.prompts': 0,
  'Query.providers': CATALOGUE_MS,
  'Query.roles': 0,
  'Query.route': 0,
  'Query.routeDiff': 0,
  'Query.routes': 0,
  'Query.simulateRoute': 0,
  'Query.team': 0,
  'Query.teams': 0,
  'Query.tokenEstimate': 0,
  // It equals the journal at every moment, which a kept answer would not.
  'Query.usage': 0,
  'Query.usageExport': 0,
  'Query.users': 0,
  'Query.viewer': 0,
};

/** What may be in an answer that is kept. One with anything else in it is not, whatever the field it hangs on. */
const KEPT_TYPES: ReadonlySet<string> = new Set([
  'ApiKey',
  'Attempt',
  'Completion',
  'CompletionPayload',
  'Latency',
  'Model',
  'ModelAccess',
  'ModelConnection',
  'ModelEdge',
  'Money',
  'PageInfo',
  'Price',
  'PriceRate',
  'Provider',
  'ReasoningPart',
  'Tag',
  'Team',
  'TextPart',
  'TokenUsage',
  'ToolCall',
  // Only ever as the mark that there is none: what failed is not kept.
  'CompletionFailure',
  'UserError',
]);

/** Fields below them whose value changes without anybody being told. */
const LIVE_FIELDS = ['ApiKey.lastUsedAt', 'Completion.ratings', 'Model.priceHistory'];

/**
 * How the library wants it: by field, and by type for those that are never kept.
 * @param shared what all organisations share. Types that others have beside are of prompts.
 */
export function ttlsOf(shared: GraphQLSchema): Record<string, number> {
  const types = Object.values(shared.getTypeMap()).filter(
    (type) => isCompositeType(type) && type !== shared.getQueryType() && !KEPT_TYPES.has(type.name),
  );
  const fields = Object.keys(shared.getQueryType()?.getFields() ?? {}).map((name) => `Query.${name}`);
  const never = [...types.map(({ name }) => name), ...fields, ...LIVE_FIELDS];
  return { ...Object.fromEntries(never.map((name) => [name, 0])), ...ROOT_TTLS };
}
