import type { Chunk, CompletionEvent, FinishReason, Part, ToolCall, Usage } from '../domain/completion.ts';
import { ProviderError } from '../domain/errors.ts';
import { isTooDeep, MAX_JSON_LEVELS } from '../lib/json-depth.ts';

/** An answer longer than this is a vendor gone wrong; without a bound it would fill the memory. */
const MAX_ANSWER_CHARS = 16_000_000;
/** No model takes or gives nearly as much. */
const MAX_TOKENS = 1_000_000_000;

/** What a vendor has said so far. */
export interface Answer {
  parts: Part[];
  toolCalls: ToolCall[];
  vectors: number[][] | undefined;
  warnings: string[];
  /** A tool call has begun. */
  callsTool: boolean;
  /** Everything that counts as output, in one piece: text, reasoning, arguments of tools. */
  written: string;
  finish: FinishReason | undefined;
  reported: Omit<Usage, 'source'> | undefined;
}

export function emptyAnswer(): Answer {
  return {
    parts: [],
    toolCalls: [],
    vectors: undefined,
    warnings: [],
    callsTool: false,
    written: '',
    finish: undefined,
    reported: undefined,
  };
}

/**
 * Adds a chunk to the answer.
 * @returns what subscribers are told of it, if anything.
 * @throws ProviderError when the answer grows beyond all bounds.
 */
export function addChunk(answer: Answer, chunk: Chunk): CompletionEvent | undefined {
  switch (chunk.type) {
    case 'text':
    case 'reasoning':
      return addText(answer, chunk);
    case 'tool-delta':
      answer.callsTool = true;
      write(answer, chunk.delta);
      return chunk;
    case 'tool-call':
      ensureShallow(chunk.call);
      answer.callsTool = true;
      answer.toolCalls.push(chunk.call);
      break;
    case 'vectors':
      answer.vectors = chunk.vectors;
      break;
    case 'usage':
      if (isPlausible(chunk.usage)) answer.reported = chunk.usage;
      break;
    case 'warnings':
      answer.warnings.push(...chunk.warnings);
      break;
    case 'finish':
      answer.finish = chunk.reason;
      break;
  }
  return undefined;
}

/** Parts that follow one another; where two of a kind meet they are one. */
export function joinParts(first: readonly Part[], then: readonly Part[]): Part[] {
  const joined = first.map((part) => ({ ...part }));
  for (const part of then) addPart(joined, part);
  return joined;
}

export function textOf(parts: readonly Part[]): string {
  return parts.reduce((text, part) => (part.type === 'text' ? text + part.text : text), '');
}

/** Some servers report -1 or fractions. A figure that cannot be booked is none. */
function isPlausible(usage: Omit<Usage, 'source'>): boolean {
  return Object.values(usage).every((n) => Number.isInteger(n) && n >= 0 && n <= MAX_TOKENS);
}

function ensureShallow({ name, arguments: given }: ToolCall): void {
  if (!isTooDeep(given)) return;
  throw new ProviderError(`the arguments for ${name} are nested deeper than ${MAX_JSON_LEVELS} levels`);
}

function addText(answer: Answer, { type, text }: Part): CompletionEvent | undefined {
  if (text === '') return undefined;
  write(answer, text);
  addPart(answer.parts, { type, text });
  return { type, text };
}

function addPart(parts: Part[], { type, text }: Part): void {
  const last = parts.at(-1);
  if (last?.type === type) last.text += text;
  else parts.push({ type, text });
}

function write(answer: Answer, text: string): void {
  answer.written += text;
  if (answer.written.length <= MAX_ANSWER_CHARS) return;
  throw new ProviderError(`the answer is longer than ${MAX_ANSWER_CHARS} characters`, { cut: true });
}
