import type { Ask } from '../domain/ask.ts';
import type { Capability } from '../domain/model.ts';

/** All that a plan may depend on of a request. */
export interface RoutingRequest {
  /** `ask.model` names the route, or a model. */
  ask: Ask;
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

/** What a model has to be able to do for this request. */
export function listNeeds(ask: Ask): Capability[] {
  const parts = ask.messages.flatMap((message) => message.parts);
  const isMedia = (kind: string) =>
    parts.some((part) => part.type === 'file' && part.mediaType.startsWith(kind));
  const usesTools =
    ask.tools.length > 0 || parts.some(({ type }) => type === 'tool-call' || type === 'tool-result');
  const needs: Record<Capability, boolean> = {
    TEXT: true,
    VISION: isMedia('image/') || parts.some(({ type }) => type === 'image'),
    AUDIO: isMedia('audio/'),
    TOOLS: usesTools,
    JSON_SCHEMA: ask.outputSchema !== undefined,
    REASONING: ask.params.reasoning !== undefined && ask.params.reasoning !== 'NONE',
    EMBEDDINGS: false,
  };
  return (Object.keys(needs) as Capability[]).filter((capability) => needs[capability]);
}
