import type { Plugin } from 'graphql-yoga';
import type { Principal } from '../domain/principal.ts';
import type { Gateway } from '../gateway.ts';
import { useAuthentication, useFreshContext } from './authentication.ts';
import { useCostGuard } from './cost-guard.ts';
import { operationLimits } from './operation-limits.ts';
import { followChanges } from './response-cache/changes.ts';
import { useCachedReads } from './response-cache/response-cache.ts';
import { createAnswerStore } from './response-cache/store.ts';

/**
 * What guards the graph, in order. Money is not guarded here but in the pipeline, which every door goes through.
 * @param renew makes the context of one event of a subscription.
 */
export function createPlugins<Context extends { request: Request; ip: string }>(
  { config, authenticator, ...rest }: Pick<Gateway, 'config' | 'authenticator' | 'relay' | 'prices'>,
  renew: (context: Context, who: Principal) => Partial<Context>,
): Plugin[] {
  const answers = createAnswerStore();
  followChanges(rest, answers);
  return [
    // Before parsing: without a key nothing is looked at.
    useAuthentication(authenticator, { openIntrospection: config.environment === 'development' }),
    // While parsing and validating, before any resolver.
    ...operationLimits(config.limits),
    // When the operation starts, since its cost depends on its variables; before a subscription's source, which may be paid for.
    useCostGuard(config.limits.operationCost),
    // After all that refuses, so that nobody who is refused is answered, and a kept answer counts like any other.
    ...useCachedReads(answers),
    // Last, as it replaces how events are executed.
    useFreshContext(authenticator, renew),
  ];
}
