import type {
  LanguageModelV4FinishReason,
  LanguageModelV4StreamPart,
  LanguageModelV4ToolCall,
  LanguageModelV4Usage,
  SharedV4Warning,
} from '@ai-sdk/provider';
import type { Chunk } from '../domain/completion.ts';
import { endedEarly, fromErrorPart, type CallState } from './errors.ts';

type FinishChunk = Extract<Chunk, { type: 'finish' }>;

/**
 * Reads one answer's stream parts. `read` returns the chunks of a part, mostly none or one.
 * @throws ProviderError (from `read`) for an `error` part and for a finish that is none.
 */
export function createPartReader(state: CallState): {
  read(part: LanguageModelV4StreamPart): readonly Chunk[];
} {
  const toolNames = new Map<string, string>();
  let hasToolCall = false;

  function readContent(part: LanguageModelV4StreamPart): Chunk | undefined {
    switch (part.type) {
      case 'text-delta':
        return part.delta === '' ? undefined : { type: 'text', text: part.delta };
      case 'reasoning-delta':
        return part.delta === '' ? undefined : { type: 'reasoning', text: part.delta };
      case 'tool-input-start':
        toolNames.set(part.id, part.toolName);
        return undefined;
      case 'tool-input-delta':
        return { type: 'tool-delta', id: part.id, name: toolNames.get(part.id) ?? '', delta: part.delta };
      case 'tool-call':
        // The vendor has run this one itself: there is nothing for the caller to do.
        if (part.providerExecuted) return undefined;
        hasToolCall = true;
        return { type: 'tool-call', call: toToolCall(part) };
      default:
        return undefined;
    }
  }

  function read(part: LanguageModelV4StreamPart): readonly Chunk[] {
    switch (part.type) {
      case 'stream-start':
        return part.warnings.length === 0
          ? []
          : [{ type: 'warnings', warnings: part.warnings.map(toWarning) }];
      case 'error':
        throw fromErrorPart(part.error, state);
      case 'finish': {
        const reason = toFinishReason(part.finishReason, { hasToolCall, begun: state.begun });
        if (!reason) throw endedEarly(state);
        return [...toUsage(part.usage), { type: 'finish', reason }];
      }
      default: {
        const chunk = readContent(part);
        if (!chunk) return [];
        state.begun = true;
        return [chunk];
      }
    }
  }
  return { read };
}

/**
 * Undefined when the answer is not complete. `other` without the vendor's own word for it is what most packages
 * say when the stream merely ended, so it is only believed of a stream that ends with a whole tool call.
 */
function toFinishReason(
  { unified, raw }: LanguageModelV4FinishReason,
  { hasToolCall, begun }: { hasToolCall: boolean; begun: boolean },
): FinishChunk['reason'] | undefined {
  switch (unified) {
    case 'stop':
      return hasToolCall ? 'TOOL_CALLS' : 'STOP';
    case 'length':
      return 'LENGTH';
    case 'content-filter':
      return 'CONTENT_FILTER';
    case 'tool-calls':
      return 'TOOL_CALLS';
    case 'other':
      if (hasToolCall) return 'TOOL_CALLS';
      return begun && raw !== undefined ? 'STOP' : undefined;
    case 'error':
    case 'interrupted':
      return undefined;
  }
}

/** Half a figure would be taken for the whole, so there is none unless both sides are told. Zero is a figure. */
function toUsage({ inputTokens, outputTokens }: LanguageModelV4Usage): Chunk[] {
  if (inputTokens.total === undefined || outputTokens.total === undefined) return [];
  const usage = {
    input: inputTokens.total,
    output: outputTokens.total,
    cacheRead: inputTokens.cacheRead ?? 0,
    cacheWrite: inputTokens.cacheWrite ?? 0,
    reasoning: outputTokens.reasoning ?? 0,
  };
  return [{ type: 'usage', usage }];
}

function toToolCall({ toolCallId, toolName, input }: LanguageModelV4ToolCall) {
  return { id: toolCallId, name: toolName, arguments: parseArguments(input) };
}

/** A model can write arguments that are no JSON; the caller then gets its words. */
function parseArguments(input: string): unknown {
  if (input.trim() === '') return {};
  try {
    return JSON.parse(input);
  } catch {
    return input;
  }
}

function toWarning(warning: SharedV4Warning): string {
  switch (warning.type) {
    case 'unsupported':
    case 'compatibility':
      return `${warning.type}: ${warning.feature}${warning.details ? ` (${warning.details})` : ''}`;
    case 'deprecated':
      return `deprecated: ${warning.setting} (${warning.message})`;
    case 'other':
      return warning.message;
  }
}
