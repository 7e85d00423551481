import { initContextCache } from '@pothos/core';
import type { Principal } from '../domain/principal.ts';
import type { Gateway } from '../gateway.ts';
import { createLoaders, type Loaders } from './loaders.ts';

/** What a resolver sees. A new one is made for each operation and for each event of a subscription. */
export interface GraphContext {
  gateway: Gateway;
  who: Principal;
  /** Aborts when the client is gone, whatever the transport. */
  signal: AbortSignal;
  traceId: string;
  requestId: string;
  loaders: Loaders;
  /** Set to false by a resolver whose answer must not be given twice. */
  isRepeatable: boolean;
}

export function createGraphContext(
  gateway: Gateway,
  caller: Pick<GraphContext, 'who' | 'signal' | 'traceId' | 'requestId'>,
): GraphContext {
  // Pothos keeps what it found out for a context, under this mark: a renewed one begins anew.
  return {
    ...initContextCache(),
    gateway,
    ...caller,
    loaders: createLoaders(gateway, caller.who),
    isRepeatable: true,
  };
}
