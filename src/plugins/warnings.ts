import type { ExecutionResult } from 'graphql';
import { isAsyncIterable, type Plugin } from 'graphql-yoga';

/** Tells in `extensions.warnings` of an answer what its resolvers had to say beside their data. */
export function useWarnings(): Plugin {
  return {
    onExecute({ args }) {
      const { warnings } = args.contextValue as unknown as { warnings: readonly object[] };
      return {
        onExecuteDone({ result, setResult }) {
          if (warnings.length === 0 || isAsyncIterable(result)) return;
          const { extensions, ...rest } = result as ExecutionResult;
          setResult({ ...rest, extensions: { ...extensions, warnings } });
        },
      };
    },
  };
}
