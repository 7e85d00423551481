import { initContextCache } from '@pothos/core';
import type { TrustedOperation } from '../domain/operation.ts';
import type { Principal } from '../domain/principal.ts';
import type { Gateway } from '../gateway.ts';
import type { LimitFacts } from '../limits/limits.ts';
import type { Warning } from './model-warnings.ts';
import type { OrganisationGraphs } from './prompt-fields/organisation-graphs.ts';
import { createLoaders, type Loaders } from './loaders.ts';

/** What a resolver sees. A new one is made for each operation and for each event of a subscription. */
export interface GraphContext {
  gateway: Gateway;
  /** With the fields of prompts. */
  graphs: OrganisationGraphs;
  who: Principal;
  /** Where the operation is one that is trusted. */
  operation: TrustedOperation | undefined;
  /** Aborts when the client is gone, whatever the transport. */
  signal: AbortSignal;
  traceId: string;
  requestId: string;
  /** Address of the client. */
  ip: string;
  /** Where the client is, for conditions of routes; undefined: not known. */
  region: string | undefined;
  /** Hears how the limits stand that the operation meets, for the headers of its answer. */
  onLimits(facts: LimitFacts): void;
  limitFacts: LimitFacts[];
  loaders: Loaders;
  /** What the answer tells beside its data. */
  warnings: Warning[];
  /** Set to false by a resolver whose answer must not be given twice. */
  isRepeatable: boolean;
}

export function createGraphContext(
  { gateway, graphs }: Pick<GraphContext, 'gateway' | 'graphs'>,
  caller: Pick<GraphContext, 'who' | 'operation' | 'signal' | 'traceId' | 'requestId' | 'ip' | 'region'>,
): GraphContext {
  const limitFacts: LimitFacts[] = [];
  const onLimits = (facts: LimitFacts) => void limitFacts.push(facts);
  const loaders = createLoaders(gateway, caller);
  // Pothos keeps what it found out for a context, under this mark: a renewed one begins anew.
  return {
    ...initContextCache(),
    gateway,
    graphs,
    ...caller,
    limitFacts,
    onLimits,
    loaders,
    warnings: [],
    isRepeatable: true,
  };
}
