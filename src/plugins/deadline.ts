import { GraphQLError, type ExecutionResult } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { withDeadline } from '../lib/abort.ts';

/**
 * Ends a query or a mutation that takes too long, and with it what it has begun: its resolvers hear of it by the signal
 * in their context, which is also how they hear that the client left. A subscription ends when its reader wants.
 */
export function useDeadline(operationMs: number): Plugin {
  return {
    onExecute({ args, executeFn, setExecuteFn }) {
      const context = args.contextValue as unknown as { signal?: AbortSignal };
      setExecuteFn(() => executeWithin(operationMs, context, () => executeFn(args) as ExecutionResult));
    },
  };
}

async function executeWithin(
  operationMs: number,
  context: { signal?: AbortSignal },
  execute: () => ExecutionResult | Promise<ExecutionResult>,
): Promise<ExecutionResult> {
  let ended: GraphQLError | undefined;
  const late = () => (ended = tookTooLong(operationMs));
  try {
    return await withDeadline({ ms: operationMs, signal: context.signal, late }, (signal) => {
      context.signal = signal;
      return execute();
    });
  } catch (error) {
    if (!ended || error !== ended) throw error;
    return { errors: [ended] };
  }
}

function tookTooLong(operationMs: number): GraphQLError {
  return new GraphQLError(
    `the operation took longer than ${operationMs} ms and was ended; ask for less, or subscribe to its events`,
    { extensions: { code: 'OPERATION_TIMEOUT', http: { status: 504 } } },
  );
}
