import { GraphQLError, type ExecutionResult } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { raceAbort } from '../lib/abort.ts';

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

/** A timer of its own, which ends with the operation: those of `AbortSignal.timeout` would all stay for the whole time. */
async function executeWithin(
  operationMs: number,
  context: { signal?: AbortSignal },
  execute: () => ExecutionResult | Promise<ExecutionResult>,
): Promise<ExecutionResult> {
  const ending = new AbortController();
  let late: GraphQLError | undefined;
  const timer = setTimeout(() => {
    late = tookTooLong(operationMs);
    ending.abort(late);
  }, operationMs);
  const client = context.signal;
  const leave = () => ending.abort(client?.reason);
  if (client?.aborted) leave();
  else client?.addEventListener('abort', leave, { once: true });
  context.signal = ending.signal;
  try {
    return await raceAbort(Promise.resolve(execute()), ending.signal);
  } catch (error) {
    if (!late || error !== late) throw error;
    return { errors: [late] };
  } finally {
    clearTimeout(timer);
    client?.removeEventListener('abort', leave);
  }
}

function tookTooLong(operationMs: number): GraphQLError {
  return new GraphQLError(
    `the operation took longer than ${operationMs} ms and was ended; ask for less, or subscribe to its events`,
    { extensions: { code: 'OPERATION_TIMEOUT', http: { status: 504 } } },
  );
}
