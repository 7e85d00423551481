import type {
  JSONSchema7,
  JSONValue,
  LanguageModelV4CallOptions,
  LanguageModelV4FilePart,
  LanguageModelV4Message,
  LanguageModelV4TextPart,
  LanguageModelV4ToolCallPart,
  LanguageModelV4ToolResultPart,
  SharedV4ProviderOptions,
} from '@ai-sdk/provider';
import type { Ask, AskMessage, AskPart } from '../domain/ask.ts';
import type { Continuation } from './continuation.ts';
import { readProviderOptions } from './provider-options.ts';
import type { ProviderRow } from './row.ts';

type PromptPart =
  | LanguageModelV4TextPart
  | LanguageModelV4FilePart
  | LanguageModelV4ToolCallPart
  | LanguageModelV4ToolResultPart;

const REASONING = { NONE: 'none', LOW: 'low', MEDIUM: 'medium', HIGH: 'high' } as const;

/**
 * An ask in the words of the AI SDK.
 * @param continuation how the model is told to go on from `ask.answerSoFar`.
 * @throws InvalidInput for a provider option that the gateway sets itself.
 */
export function toCallOptions(
  ask: Ask,
  row: Pick<ProviderRow, 'strictSchemaKey' | 'schemaInPrompt'>,
  signal: AbortSignal,
  continuation?: Continuation,
): LanguageModelV4CallOptions {
  const { params, tools } = ask;
  const schema = ask.outputSchema as JSONSchema7 | undefined;
  const messages = ask.messages.map(toMessage);
  if (ask.answerSoFar) messages.push(...beginAnswer(messages.pop(), ask.answerSoFar, continuation));
  return {
    prompt: schema && row.schemaInPrompt ? [tellSchema(schema), ...messages] : messages,
    temperature: params.temperature,
    topP: params.topP,
    maxOutputTokens: params.maxOutputTokens,
    stopSequences: params.stop,
    seed: params.seed,
    reasoning: params.reasoning && REASONING[params.reasoning],
    ...(tools.length > 0 && { tools: tools.map(toTool), toolChoice: { type: 'auto' } }),
    ...(schema && { responseFormat: { type: 'json', schema } }),
    providerOptions: merge(readProviderOptions(ask, row.strictSchemaKey), continuation?.ofCall),
    abortSignal: signal,
  };
}

/** A caller's own beginning of the answer and what came of it are one message: vendors take no two of the assistant in a row. */
function beginAnswer(
  last: LanguageModelV4Message | undefined,
  text: string,
  continuation: Continuation | undefined,
): LanguageModelV4Message[] {
  const before = last?.role === 'assistant' ? [] : last ? [last] : [];
  const begun = last?.role === 'assistant' ? last.content : [];
  return [
    ...before,
    {
      role: 'assistant',
      content: [...begun, { type: 'text', text }],
      providerOptions: continuation?.ofMessage,
    },
  ];
}

function merge(
  options: SharedV4ProviderOptions,
  more: SharedV4ProviderOptions = {},
): SharedV4ProviderOptions {
  const names = Object.keys(more);
  return {
    ...options,
    ...Object.fromEntries(names.map((name) => [name, { ...options[name], ...more[name] }])),
  };
}

function tellSchema(schema: JSONSchema7): LanguageModelV4Message {
  const content = `Answer with JSON that fits this JSON Schema, and with nothing else: ${JSON.stringify(schema)}`;
  return { role: 'system', content };
}

function toTool(tool: Ask['tools'][number]) {
  const { name, description, parameters } = tool;
  return { type: 'function' as const, name, description, inputSchema: parameters as JSONSchema7 };
}

/** `parseAsk` has made sure that each role holds only parts that belong there, which the types cannot say. */
function toMessage({ role, parts }: AskMessage): LanguageModelV4Message {
  if (role === 'SYSTEM') {
    return {
      role: 'system',
      content: parts.map((part) => (part.type === 'text' ? part.text : '')).join('\n'),
    };
  }
  return { role: role.toLowerCase(), content: parts.map(toPart) } as LanguageModelV4Message;
}

function toPart(part: AskPart): PromptPart {
  switch (part.type) {
    case 'text':
      return { type: 'text', text: part.text };
    case 'image':
      return toImage(part.url);
    case 'file':
      return {
        type: 'file',
        mediaType: part.mediaType,
        filename: part.name,
        data: { type: 'data', data: part.dataBase64 },
      };
    case 'tool-call':
      return { type: 'tool-call', toolCallId: part.id, toolName: part.name, input: part.arguments };
    case 'tool-result':
      return {
        type: 'tool-result',
        toolCallId: part.toolCallId,
        toolName: part.toolName,
        output: toToolOutput(part),
      };
  }
}

/** An address is handed on for the vendor to read: the gateway itself opens none that a caller names. */
function toImage(url: string): LanguageModelV4FilePart {
  const inline = /^data:(image\/[\w.+-]+)[^,]*?(;base64)?,/.exec(url);
  if (!inline?.[1]) return { type: 'file', mediaType: 'image/*', data: { type: 'url', url: new URL(url) } };
  const body = url.slice(inline[0].length);
  const base64 = inline[2] ? body : Buffer.from(decodeURIComponent(body)).toString('base64');
  return { type: 'file', mediaType: inline[1], data: { type: 'data', data: base64 } };
}

function toToolOutput(
  result: Extract<AskPart, { type: 'tool-result' }>,
): LanguageModelV4ToolResultPart['output'] {
  const { output, isError } = result;
  if (typeof output === 'string') return { type: isError ? 'error-text' : 'text', value: output };
  return { type: isError ? 'error-json' : 'json', value: (output ?? null) as JSONValue };
}
