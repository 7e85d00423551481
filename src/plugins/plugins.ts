import type { Plugin } from 'graphql-yoga';
import type { Principal } from '../domain/principal.ts';
import type { Gateway } from '../gateway.ts';
import { useAccessLog } from './access-log.ts';
import { isIntrospection, useAuthentication, useFreshContext, type Asking } from './authentication.ts';
import { useCostGuard } from './cost-guard.ts';
import { useCostLimits } from './cost-limits.ts';
import { useDeadline } from './deadline.ts';
import { useNoIntrospection } from './introspection.ts';
import { useLimitHeaders } from './limit-headers.ts';
import { useNestingLimit } from './nesting-limit.ts';
import { useOpenSubscriptions } from './open-subscriptions.ts';
import { useOrganisationSchema, type Graphs } from './organisation-schema.ts';
import { operationLimits } from './operation-limits.ts';
import { followChanges } from './response-cache/changes.ts';
import { useCachedReads } from './response-cache/response-cache.ts';
import { createAnswerStore } from './response-cache/store.ts';
import { useRootFieldLimit } from './root-fields.ts';
import { useTrustedDocuments } from './trusted-documents.ts';
import { useWarnings } from './warnings.ts';
import { useVariableLimits } from './variable-limits.ts';

/**
 * What guards the graph, in order. Money is not guarded here but in the pipeline, which every door goes through.
 * @param graphs which graph an operation sees.
 * @param renew makes the context of one event of a subscription.
 */
export function createPlugins<Context extends Asking & { who: Principal }>(
  gateway: Pick<
    Gateway,
    | 'config'
    | 'authenticator'
    | 'accessLog'
    | 'askFirst'
    | 'limits'
    | 'modelSetting'
    | 'openStreams'
    | 'operations'
    | 'relay'
    | 'prices'
  >,
  graphs: Graphs,
  renew: (context: Context, who: Principal) => Partial<Context>,
): Plugin[] {
  const { config, authenticator } = gateway;
  const openIntrospection = config.introspection === 'public';
  const answers = createAnswerStore();
  followChanges(gateway, answers);
  return [
    // Before anything is asked of anybody: it costs nothing and needs no names.
    useVariableLimits(config.limits),
    // Before parsing: without a key nothing is looked at.
    useAuthentication(authenticator, { openIntrospection }),
    // As soon as it is known who asks, or that nobody knows.
    useAccessLog(gateway.accessLog),
    // Then, since organisations trust operations of their own; the text is known from here on.
    ...useTrustedDocuments({
      ...config.operations,
      registry: gateway.operations,
      accessLog: gateway.accessLog,
      isExempt: (query) => openIntrospection && isIntrospection(query),
    }),
    // As soon as it is settled who asks and that they may; before anything looks at the schema.
    useOrganisationSchema(graphs),
    // While parsing and validating, before any resolver.
    ...operationLimits(config.limits),
    // Values in a text may be as deep as those in variables.
    useNestingLimit(config.limits.variableDepth, config.limits.operationTokens),
    useRootFieldLimit(config.limits.operationRootFields),
    ...(config.introspection === 'none' ? [useNoIntrospection()] : []),
    // When the operation starts, since its cost depends on its variables; before a subscription's source, which may be paid for.
    useCostGuard(config.limits.operationCost),
    // Only what will run is taken from the limits of its caller.
    useCostLimits(gateway.limits),
    useLimitHeaders(),
    useWarnings(),
    // Around the source, so that it ends with its caller's rights.
    useOpenSubscriptions(gateway, config.limits.subscriptionsPerKey),
    // After all that refuses, so that nobody who is refused is answered, and a kept answer counts like any other.
    ...useCachedReads(answers, graphs.shared),
    // Around the execution of what was let through; it renews the signal that resolvers hear.
    useDeadline(config.timeouts.operationMs),
    // Last, as it replaces how events are executed.
    useFreshContext(gateway, renew),
  ];
}
