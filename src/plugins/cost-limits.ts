import type { ExecutionArgs, ExecutionResult } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { RateLimited } from '../domain/errors.ts';
import type { Principal } from '../domain/principal.ts';
import type { LimitFacts, Limits } from '../limits/limits.ts';
import { subjectsOfCaller } from '../limits/read.ts';
import { toRefusal } from './refusal.ts';

interface StartOfOperation {
  args: ExecutionArgs;
  setResultAndStopExecution(result: ExecutionResult): void;
}

/** What stands in the context of an operation whose cost is known. */
interface Costing {
  who: Principal;
  ip: string;
  operationCost: number | undefined;
  onLimits(facts: LimitFacts): void;
}

/**
 * Takes the points of an operation from the limits of its caller, before anything runs. They stay taken however it ends:
 * what it could have cost the gateway is known only then, and would be too late.
 */
export function useCostLimits(limits: Pick<Limits, 'take'>): Plugin {
  async function check({ args, setResultAndStopExecution }: StartOfOperation): Promise<void> {
    const { who, ip, operationCost, onLimits } = args.contextValue as Costing;
    if (operationCost === undefined) return;
    try {
      const amounts = { OPERATION_COST_PER_MINUTE: operationCost };
      await limits.take({ subjects: subjectsOfCaller(who, ip), amounts }, onLimits);
    } catch (error) {
      if (!(error instanceof RateLimited)) throw error;
      setResultAndStopExecution({ errors: [toRefusal(error)] });
    }
  }
  return { onExecute: check, onSubscribe: check };
}
