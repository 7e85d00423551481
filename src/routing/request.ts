import type { Tag } from '../domain/completion.ts';
import type { Capability } from '../domain/model.ts';
import type { Complexity } from './complexity.ts';

/**
 * All that a plan may depend on of what is asked. Of a request that is over it comes from a record, which holds none of its
 * messages; so whatever a strategy wants to know of them belongs in here.
 */
export interface AskFacts {
  /** Name of the route, or of a model. */
  readonly model: string;
  /** What a model has to be able to do. */
  readonly needs: readonly Capability[];
  readonly tags: readonly Tag[];
  readonly endUserId: string | undefined;
  /** The most that the answer may have; undefined: nothing was said. */
  readonly maxOutputTokens: number | undefined;
  readonly complexity: Complexity;
  /** A number from 0 to 2³² that stays the same while a conversation goes on. */
  readonly conversation: number;
}

/** All that a plan may depend on of a request. */
export interface RoutingRequest {
  ask: AskFacts;
  /** Name of the team that asks. */
  team: string;
  /** Where the caller is, by the names that deployments use; undefined: not known. */
  region: string | undefined;
  /** The request may go nowhere else; undefined: it may go anywhere. */
  allowedRegions: readonly string[] | undefined;
  /** Tokens of the prompt, estimated. */
  inputTokens: number;
  /** Tokens that the answer is likely to have. */
  outputTokens: number;
  /** From 0 to 1, of the budget that has the least left; more than 1 where more is used than it holds. */
  budgetUsed: number;
  /** Those that conditions name; one that is not here is false. */
  flags: Readonly<Record<string, boolean>>;
  /** Why some of them could not be told; they are false. */
  flagFaults?: Readonly<Record<string, string>>;
  at: Date;
}
