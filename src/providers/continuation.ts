import type { SharedV4ProviderOptions } from '@ai-sdk/provider';
import type { ContinuationWay, ProviderConfig } from '../config/config.ts';
import type { Chunk } from '../domain/completion.ts';
import type { ProviderRow } from './row.ts';

/** How a vendor is told to go on from the beginning of an answer, which stands in the last message of the prompt. */
export interface Continuation {
  /** Options of that message, and of the whole call. */
  ofMessage?: SharedV4ProviderOptions;
  ofCall?: SharedV4ProviderOptions;
  /** The vendor may say the beginning once more. */
  repeats?: boolean;
}

/** Message options of a model that goes on from a last message of the assistant by itself. */
export const FROM_LAST_MESSAGE: Continuation = {};

/**
 * Claude up to 4.5; later ones refuse a conversation that ends with the assistant. Bedrock puts a region and `anthropic.`
 * before the name.
 * https://platform.claude.com/docs/en/about-claude/models/whats-new-claude-4-6#prefill-removal
 */
const CLAUDE_WITH_PREFILL =
  /(?:^|anthropic\.)claude-(?:instant|v?2|3|(?:opus|sonnet|haiku)-4-(?:[0-5](?!\d)|20\d{6}))/;

export function continueClaude(modelId: string): Continuation | undefined {
  return CLAUDE_WITH_PREFILL.test(modelId) ? FROM_LAST_MESSAGE : undefined;
}

/** What servers of OpenAI's wire format want beside the last message, each of its kind. */
export function continueCompatible(
  _modelId: string,
  { name, continuation }: Pick<ProviderConfig, 'name' | 'continuation'>,
): Continuation | undefined {
  return continuation && COMPATIBLE_WAYS[continuation](name);
}

const COMPATIBLE_WAYS: Record<ContinuationWay, (provider: string) => Continuation> = {
  'last-message': () => FROM_LAST_MESSAGE,
  prefix: () => ({ ofMessage: { openaiCompatible: { prefix: true } } }),
  vllm: (provider) => ({
    ofCall: { [toCamelCase(provider)]: { continue_final_message: true, add_generation_prompt: false } },
  }),
};

/** As the package spells the name of a provider where it reads its options. */
function toCamelCase(name: string): string {
  return name.replace(/-([a-z])/g, (_match, letter: string) => letter.toUpperCase());
}

/** How a model is told to go on; undefined where it cannot be. What the owner says of it counts. */
export function findContinuation(
  row: ProviderRow,
  config: ProviderConfig,
  modelId: string,
): Continuation | undefined {
  const said = config.models.find(({ id }) => id === modelId)?.continues;
  if (said === false) return undefined;
  return row.continuation?.(modelId, config) ?? (said ? FROM_LAST_MESSAGE : undefined);
}

/** Leaves out what an answer repeats of its own beginning; one that begins with anything else is left as it is. */
export function createRepetitionFilter(beginning: string): (chunk: Chunk) => Chunk[] {
  let held = '';
  let isOver = false;
  return (chunk) => {
    if (isOver || chunk.type === 'usage' || chunk.type === 'warnings') return [chunk];
    if (chunk.type !== 'text') {
      isOver = true;
      return held === '' ? [chunk] : [{ type: 'text', text: held }, chunk];
    }
    held += chunk.text;
    if (held.length < beginning.length && beginning.startsWith(held)) return [];
    isOver = true;
    return [{ type: 'text', text: held.startsWith(beginning) ? held.slice(beginning.length) : held }];
  };
}
