import type { Plugin } from 'graphql-yoga';
import type { Principal } from '../domain/principal.ts';
import type { Gateway } from '../gateway.ts';
import { useAccessLog } from './access-log.ts';
import { useAuthentication, useFreshContext, type Asking } from './authentication.ts';
import { useCostGuard } from './cost-guard.ts';
import { useOpenSubscriptions } from './open-subscriptions.ts';
import { useCostLimits } from './cost-limits.ts';
import { useLimitHeaders } from './limit-headers.ts';
import { operationLimits } from './operation-limits.ts';

/**
 * What guards the graph, in order. Money is not guarded here but in the pipeline, which every door goes through.
 * @param renew makes the context of one event of a subscription.
 */
export function createPlugins<Context extends Asking & { who: Principal }>(
  {
    config,
    authenticator,
    accessLog,
    limits,
  }: Pick<Gateway, 'config' | 'authenticator' | 'accessLog' | 'limits'>,
  renew: (context: Context, who: Principal) => Partial<Context>,
): Plugin[] {
  return [
    // Before parsing: without a key nothing is looked at.
    useAuthentication(authenticator, { openIntrospection: config.environment === 'development' }),
    // As soon as it is known who asks, or that nobody knows.
    useAccessLog(accessLog),
    // While parsing and validating, before any resolver.
    ...operationLimits(config.limits),
    // When the operation starts, since its cost depends on its variables; before a subscription's source, which may be paid for.
    useCostGuard(config.limits.operationCost),
    // Around the source, so that it ends with its caller's rights.
    useOpenSubscriptions(authenticator),
    // Only what will run is taken from the limits of its caller.
    useCostLimits(limits),
    useLimitHeaders(),
    // Last, as it replaces how events are executed.
    useFreshContext(authenticator, renew),
  ];
}
